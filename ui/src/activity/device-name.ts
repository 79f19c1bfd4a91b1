/** Files write `garmin edge_530`; people write Garmin Edge 530. A name with capitals of its own stays. */
export function deviceName(recordedBy: string): string {
  const words = recordedBy.replace(/_/g, " ").trim();
  return words === words.toLowerCase()
    ? words.replace(/(^| )(\p{Ll})/gu, (_, gap: string, letter: string) => gap + letter.toUpperCase())
    : words;
}
