// What Undo goes back to.

const MOST = 200;

/**
 * @template T JSON
 * @param {(isEmpty: boolean) => void} onChange is called whenever there may be something else to undo
 */
export function makeHistory(onChange) {
  /** @type {string[]} */
  const past = [];
  let present = '';
  return {
    /** @param {T} state as it is now; one that equals the last is not noted again */
    note(state) {
      const text = JSON.stringify(state);
      if (present && text !== present) past.push(present);
      if (past.length > MOST) past.shift();
      present = text;
      onChange(past.length === 0);
    },
    /** @returns {T | null} the state before, null where there is none */
    undo() {
      const text = past.pop();
      if (text === undefined) return null;
      present = text;
      return JSON.parse(text);
    },
  };
}
