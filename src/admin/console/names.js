// Who this tab is, until somebody says otherwise: a friendly name, and an id that no other tab has.

const manners = [
  'Bright', 'Calm', 'Clear', 'Early', 'Gentle',
  'Glad', 'Kind', 'Merry', 'Quiet', 'Swift', 'Warm', 'Wise',
];
const birds = [
  'Finch', 'Heron', 'Jackdaw', 'Kestrel', 'Lark',
  'Magpie', 'Martin', 'Owl', 'Robin', 'Starling', 'Swallow', 'Wren',
];

const random = (count) => crypto.getRandomValues(new Uint32Array(count));

export function friendlyName() {
  const [manner, bird] = random(2);
  return `${manners[manner % manners.length]} ${birds[bird % birds.length]}`;
}

export const newUserId = () => [...random(2)].map((part) => part.toString(16).padStart(8, '0')).join('');
