/**
 * Measures each side once in every round. The order is reversed from round to round, as the machine may get slower or
 * faster meanwhile. A side that is undefined is left out.
 *
 * @param {number} rounds
 * @param {Record<string, undefined | ((round: number) => Promise<T>)>} sides
 * @returns {Promise<Record<string, T[]>>} what each side measured, one value for each round
 * @template T
 */
export async function inTurns(rounds, sides) {
  const present = Object.entries(sides).filter(([, measure]) => measure !== undefined);
  const measured = Object.fromEntries(present.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, measure] of present) measured[name].push(await measure(round));
    present.reverse();
  }
  return measured;
}
