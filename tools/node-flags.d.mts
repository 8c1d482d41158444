/** Flags of Node for an entry of this repository, by its path within it. */
export declare const nodeFlagsOf: (entry: string) => string[]
