// The demo helper: what a backend would do, done by the server itself while it runs with its demo
// app. A server with apps of its own has none, and the page then only listens.

// Relative to the page, so that a proxy may put a prefix in front.
const at = (path) => new URL(path, document.baseURI);

export async function findDemo() {
  try {
    const answer = await fetch(at('demo'));
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}

// Throws an Error whose message is the server's own words.
async function post(path, body) {
  let answer;
  try {
    answer = await fetch(at(path), {
      method: 'POST',
      headers: {'Content-Type': 'application/json'},
      body: JSON.stringify(body),
    });
  } catch {
    throw new Error('The server cannot be reached.');
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(`${said.error ?? 'The server refused.'} (${answer.status})`);
  return said;
}

export const authorize = (socketId, channel, user) =>
  post('demo/auth', {socket_id: socketId, channel_name: channel, user_id: user.id, user_info: {name: user.name}});

export const publish = (channel, name, data) => post('demo/events', {channel, name, data});
