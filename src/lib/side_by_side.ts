/** Work side by side, no more at once than said. run.ts and matrix.ts call it; it knows nothing of what is done. */

/** Begins the next as soon as one of `limit` is done, until the signal; settles when all that began have ended. */
export async function sideBySide<Item>(
  items: readonly Item[],
  limit: number,
  signal: AbortSignal,
  act: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values()
  const work = async (): Promise<void> => {
    for (const item of queue) {
      if (signal.aborted) return
      await act(item)
    }
  }
  const ended = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, work))
  const failed = ended.find((worker) => worker.status === 'rejected')
  if (failed) throw failed.reason
}
