/** Does something, and says so where it takes longer than a second. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
  const wondering = setTimeout(() => console.error(`demo: ${what} ...`), 1_000);
  try {
    return await work();
  } finally {
    clearTimeout(wondering);
  }
}
