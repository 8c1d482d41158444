import type { Result } from './result.ts'
import { fault, ok } from './result.ts'

/** The parts of Node that an inspection needs. They are handed in, because this room knows no Node. */
export type Machine = {
  readonly fs: {
    readFileSync(path: string, encoding: 'utf8'): string
    existsSync(path: string): boolean
    statSync(path: string): { isDirectory(): boolean }
    accessSync(path: string, mode: number): void
    readonly constants: { readonly W_OK: number; readonly X_OK: number }
  }
  readonly path: { dirname(path: string): string }
  readonly X509Certificate: new (pem: string) => object
}

/** A look at what a configuration names: every problem is noted under its place, and nothing is written. */
export type Inspection = {
  /** `problem` says what is wrong and, behind a semicolon, what to do. */
  note(place: string, problem: string): void
  /** What a file holds; undefined, and noted, where it cannot be read or `parse` refuses it. */
  file<T>(place: string, path: string, parse: (text: string) => Result<T>): T | undefined
  /** A file that holds a secret and nothing else. */
  secret(place: string, path: string): void
  /** A file of one certificate or more, PEM; undefined where there is none. */
  certificate(place: string, path: string): string | undefined
  /** A folder that is there or can be made, and that this user may write. */
  folder(place: string, path: string): void
  problems(): readonly Problem[]
}
export type Problem = { readonly place: string; readonly text: string }

export const createInspection = ({ fs, path: paths, X509Certificate }: Machine): Inspection => {
  const problems: Problem[] = []
  const note = (place: string, text: string): void => {
    problems.push({ place, text })
  }
  const file = <T>(place: string, path: string, parse: (text: string) => Result<T>): T | undefined => {
    let text: string
    try {
      text = fs.readFileSync(path, 'utf8')
    } catch (cause) {
      note(place, `${path}: ${toReason(cause)}; name a file that this user can read`)
      return undefined
    }
    const parsed = parse(text)
    if (parsed.ok) return parsed.value
    note(place, `${path}: ${parsed.fault.detail}`)
    return undefined
  }

  return {
    note,
    file,
    secret: (place, path) => {
      file(place, path, (text) =>
        text.trim() === '' ? fault('secret-empty', 'it is empty; put the secret in it') : ok(undefined),
      )
    },
    certificate: (place, path) =>
      file(place, path, (text) => {
        try {
          void new X509Certificate(text)
          return ok(text)
        } catch {
          return fault('certificate-invalid', 'it holds no certificate; name a file in PEM format')
        }
      }),
    folder: (place, path) => {
      let nearest = path
      while (!fs.existsSync(nearest) && paths.dirname(nearest) !== nearest) nearest = paths.dirname(nearest)
      const cannot = nearest === path ? `${path} cannot be used` : `${path} cannot be made`
      try {
        if (!fs.statSync(nearest).isDirectory())
          return note(place, `${cannot}: ${nearest} is no folder; name another`)
        fs.accessSync(nearest, fs.constants.W_OK | fs.constants.X_OK)
      } catch (cause) {
        note(place, `${cannot}: ${nearest}: ${toReason(cause)}; let this user write there, or name another`)
      }
    },
    problems: () => problems,
  }
}

/** Node's messages end with the call and the path: `ENOENT: no such file or directory, open '/etc/secret'`. */
const toReason = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).split(', ')[0] ?? ''
