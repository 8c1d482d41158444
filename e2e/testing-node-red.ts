import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewayView, HealthMessage } from '@clearlane/protocol'
import { getJson } from '../tools/collect.ts'

/** A flow of one function that starts by itself and runs at `everyS` seconds. */
export const toFunctionFlow = (func: string, everyS = 1): object[] => [
  { id: 'f100000000000001', type: 'tab', label: 'flow', disabled: false },
  {
    id: 'f100000000000002',
    type: 'inject',
    z: 'f100000000000001',
    props: [{ p: 'payload' }],
    repeat: String(everyS),
    once: true,
    onceDelay: 0.1,
    topic: '',
    payload: '',
    payloadType: 'date',
    wires: [['f100000000000003']],
  },
  {
    id: 'f100000000000003',
    type: 'function',
    z: 'f100000000000001',
    func,
    outputs: 1,
    libs: [],
    wires: [[]],
  },
]

export const nodeRedOf = async (api: string): Promise<NonNullable<HealthMessage['nodeRed']> | undefined> => {
  const { items } = (await getJson(`${api}/api/v1/gateways`)) as { items: GatewayView[] }
  return items[0]?.health?.nodeRed
}

/** Signs in as an installer does, and asks as the editor does. */
export const createEditor = async (nodeRedDir: string, port: number) => {
  const url = `http://127.0.0.1:${port}`
  const password = readFileSync(join(nodeRedDir, 'admin.password'), 'utf8').trim()
  const answer = await fetch(`${url}/auth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_id: 'node-red-editor',
      grant_type: 'password',
      scope: '*',
      username: 'admin',
      password,
    }),
  })
  const { access_token: token } = (await answer.json()) as { access_token: string }
  const ask = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${url}${path}`, {
      ...init,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        'content-type': 'application/json',
      },
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return response.headers.get('content-type')?.includes('json') ? response.json() : response.text()
  }
  return {
    password,
    ask,
    deploy: (flow: object[]) => ask('/flows', { method: 'POST', body: JSON.stringify(flow) }),
  }
}
