// Many publications at a steady rate for a few seconds. Bounded three ways: by the rate, by the time,
// and by how many answers may be outstanding; a browser that cannot keep up sends fewer and says so.

const tickMs = 20;
const inFlightMax = 32;

export class Burst {
  #publish;
  #report;
  #run = null;

  // publish(number) resolves when the server has taken it; report({sent, wanted, error, running,
  // stopped, settled}) is told how it goes; settled: the last answer is in.
  constructor(publish, report) {
    this.#publish = publish;
    this.#report = report;
  }

  get running() { return this.#run !== null; }

  start({rate, seconds}) {
    this.stop();
    const run = {
      rate, seconds, began: performance.now(), wanted: rate * seconds,
      begun: 0, sent: 0, inFlight: 0, ended: false,
    };
    run.timer = setInterval(() => this.#tick(run), tickMs);
    this.#run = run;
    this.#tell(run);
  }

  stop() {
    if (!this.#run) return;
    this.#run.stopped = true;
    this.#end(this.#run);
  }

  #tick(run) {
    const elapsed = (performance.now() - run.began) / 1000;
    const due = Math.min(run.wanted, Math.ceil(elapsed * run.rate));
    while (run.begun < due && run.inFlight < inFlightMax) this.#one(run);
    if (run.begun === run.wanted || elapsed >= run.seconds) this.#end(run);
    this.#tell(run);
  }

  async #one(run) {
    ++run.inFlight;
    try {
      await this.#publish(run.begun++);
      ++run.sent;
    } catch (error) {
      run.error = error.message;
      this.#end(run);
    }
    --run.inFlight;
    if (run.ended) this.#tell(run);
  }

  #end(run) {
    clearInterval(run.timer);
    run.ended = true;
    if (this.#run === run) this.#run = null;
    this.#tell(run);
  }

  // A run is over when its last answer is in; a newer one has the word then.
  #tell(run) {
    if (this.#run !== null && this.#run !== run) return;
    const {sent, wanted, error, stopped} = run;
    this.#report({sent, wanted, error, stopped, running: !run.ended, settled: run.ended && run.inFlight === 0});
  }
}
