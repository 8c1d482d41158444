export { registerNodes as default } from './register.ts'
