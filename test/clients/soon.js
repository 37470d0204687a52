// Waiting that neither hopes nor hangs: every wait has a condition and a generous deadline.
const deadlineMs = 20_000;

// A promise that fails with what was awaited instead of hanging.
export function soon(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${deadlineMs} ms for ${what}`)), deadlineMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// Asks again and again until `condition` no longer throws, for what nobody tells us of.
export async function until(condition) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}
