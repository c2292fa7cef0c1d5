/**
 * Several values as one text of an address or a query, separated by commas. The empty one alone, such as "without a tag", is a
 * comma: nothing at all means that nothing is chosen.
 */
export function listText(values: readonly string[]): string | null {
  if (values.length === 0) return null;
  return values.every((value) => value === '') ? ',' : values.join(',');
}

/** The values of such a text, each once. */
export function listOf(text: string): string[] {
  return [...new Set(text.split(','))];
}
