// Where things are: relative to the page, so that a proxy may put a prefix in front.

export const at = (path) => new URL(path, document.baseURI);

export function socketAt(path) {
  const url = at(path);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
}
