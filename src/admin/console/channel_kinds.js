// What a channel's name says about it. The server decides; this is for badges and hints, and for
// knowing when a signature is needed.

// The longer prefix stands before the one it begins with, as in the server's own table.
const kinds = [
  {prefix: 'private-encrypted-', label: 'encrypted', signed: true,
   hint: 'only ciphertext passes; this page cannot read it'},
  {prefix: 'private-cache-', label: 'private · cache', signed: true, clientEvents: true,
   hint: 'signed, and keeps its last event'},
  {prefix: 'private-', label: 'private', signed: true, clientEvents: true,
   hint: 'joined with a signature'},
  {prefix: 'presence-cache-', label: 'presence · cache', signed: true, clientEvents: true, presence: true,
   hint: 'shows who is there, and keeps its last event'},
  {prefix: 'presence-', label: 'presence', signed: true, clientEvents: true, presence: true,
   hint: 'signed, and shows who is there'},
  {prefix: 'cache-', label: 'cache', hint: 'open to all, and keeps its last event for newcomers'},
];
const open = {label: 'public', hint: 'open to all who know the key'};

export const kindOf = (name) => kinds.find(({prefix}) => name.startsWith(prefix)) ?? open;
