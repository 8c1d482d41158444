/** Questions to a worker thread, each with a number, and the answers as they come back. */
export type Questions<Answer> = {
  /** Hands out a number to send the question with, and resolves with the answer to it. */
  ask(send: (id: number) => void): Promise<Answer>
  answer(id: number, answer: Answer): void
  /** Rejects whatever is open: the thread has ended and will answer nothing more. */
  abandon(cause: Error): void
}

export const createQuestions = <Answer>(): Questions<Answer> => {
  const open = new Map<number, PromiseWithResolvers<Answer>>()
  let nextId = 1
  return {
    ask: (send) => {
      const question = Promise.withResolvers<Answer>()
      const id = nextId++
      open.set(id, question)
      send(id)
      return question.promise
    },
    answer: (id, answer) => {
      open.get(id)?.resolve(answer)
      open.delete(id)
    },
    abandon: (cause) => {
      for (const { reject } of open.values()) reject(cause)
      open.clear()
    },
  }
}
