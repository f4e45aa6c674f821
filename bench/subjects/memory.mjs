/** Loaded beside a subject (`--import`): tells its memory when asked, behind the garbage collector. */
process.on('message', () => {
  for (let n = 0; n < 3; n++) globalThis.gc()
  const { rss, heapUsed, external } = process.memoryUsage()
  process.send({ rss, heap: heapUsed + external })
})
