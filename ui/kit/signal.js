// News from one part of the page to the others.

/**
 * @template T
 * @returns {{ emit: (news: T) => void, listen: (listener: (news: T) => void) => void }}
 */
export function signal() {
  /** @type {((news: T) => void)[]} */
  const listeners = [];
  return {
    emit: (news) => { for (const listener of listeners) listener(news); },
    listen: (listener) => { listeners.push(listener); },
  };
}
