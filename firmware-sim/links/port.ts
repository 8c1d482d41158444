/** The wire to the gateway: bytes out, bytes in, and whether anyone listens. */
export type Port = {
  write(bytes: Uint8Array): void
  /** Bytes the peer has not taken yet; above the simulator's bound nothing more is sent. */
  unsentBytes(): number
  close(): Promise<void>
}

export type PortEvents = {
  readonly onConnect: () => void
  readonly onDisconnect: () => void
  readonly onBytes: (bytes: Uint8Array) => void
}
