// Drawing that does not follow every change: asked for however often, it happens in an animation
// frame and not sooner than `everyMs` after the last time. A hidden tab draws nothing.

export function paced(everyMs, draw) {
  let frame = 0;
  let drawnAt = 0;
  const onFrame = (now) => {
    const early = now - drawnAt < everyMs;
    frame = early ? requestAnimationFrame(onFrame) : 0;
    if (early) return;
    drawnAt = now;
    draw();
  };
  return () => { if (!frame) frame = requestAnimationFrame(onFrame); };
}
