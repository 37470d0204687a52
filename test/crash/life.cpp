#include "life.h"

#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <thread>

#include "base/random.h"
#include "hub/durable.h"

namespace carillon::crash {
namespace {

using hub::Durable;
constexpr std::int64_t patience_ns = 20 * base::ns_per_s;
constexpr std::uint64_t publisher = 77;  // derived from the subscription's name

class Alive {
 public:
    Alive(const Settings& settings, const Life& life, int pipe)
        : settings_(settings), life_(life), pipe_(pipe), steps_(life.last_step), io_(steps_) {}

    void run() {
        auto opened = open_journal(settings_, &io_, clock_);
        if (!opened) return say("E " + opened.error().message);
        journal_ = std::move(*opened);
        in_.emplace(*journal_, "in", clock_);
        out_.emplace(*journal_, "out", clock_);
        say_where("in", in_->position());
        say_where("out", out_->position());
        work_and_publish();
        if (life_.killed_in_peace) {
            if (!journal_->flush(10'000)) return say("E it does not flush");
            say("Q");
            std::raise(SIGKILL);
        }
        in_.reset();
        out_.reset();
        journal_.reset();
        say("C");
    }

 private:
    // One line is one write: whatever is in the pipe is whole, and survives us.
    void say(const std::string& text) const {
        const auto line = text + "\n";
        (void)!write(pipe_, line.data(), line.size());
    }
    void say_where(const std::string& channel, hub::Position at) {
        say("O " + channel + " " + std::to_string(at.epoch) + " " + std::to_string(at.offset));
    }

    void work_and_publish() {
        durables_ = std::make_unique<hub::Durables>(*journal_, *journal_);
        hub::DurableTerms terms;
        terms.backoff_first_ms = 1;
        terms.backoff_max_ms = 4;
        terms.deliveries_max = 0;
        auto opened = durables_->open(the_app(), "in", "worker", terms, clock_.now());
        if (!opened) return say("E " + opened.error().message);
        durable_ = *opened;
        std::thread publishing([this] { publish(); });
        work();
        publishing.join();
        durable_.reset();
        durables_.reset();
    }

    void append(const std::string& channel, Pen& pen, const std::string& body, hub::Once once) {
        const auto who = std::to_string(life_.number);
        const auto offset = std::make_shared<std::atomic<std::uint64_t>>(0);
        const hub::CountdownRef stored(
            new hub::Countdown([this, channel, offset, who](const hub::Fate& fate) {
                if (fate.stored == 0) return;
                say("S " + channel + " " + std::to_string(*offset) + " " + who);
            }));
        *offset = pen.write(body, stored, once);
        if (*offset != 0) say("A " + channel + " " + std::to_string(*offset) + " " + who);
        stored->done({});
    }

    void publish() {
        base::SeededRandom random(life_.seed);
        for (std::uint64_t i = 0; i < life_.messages; ++i) {
            steps_.step();
            const auto who = std::to_string(life_.number);
            append("in", *in_, who + " " + std::string(random.below(400), 'x'), {});
            if (random.below(4) == 0) {
                std::this_thread::sleep_for(std::chrono::microseconds(random.below(300)));
            }
            if (random.below(10) != 0) continue;
            in_->trim();
            out_->trim();
            journal_->swept(clock_.now());
        }
        published_ = true;
        ring();
    }

    void work() {
        base::SeededRandom random(life_.seed + 1);
        const auto me = durable_->join([this] { ring(); });
        while (!over()) {
            Durable::Taken taken;
            const auto now = clock_.now();
            durables_->tick(now);
            switch (durable_->take(me, now, taken)) {
                case Durable::Take::got:
                    handle(me, taken, random.below(12) == 0);
                    break;
                case Durable::Take::lost:
                    say("B");
                    say("L " + std::to_string(durable_->skip_lost(now)));
                    break;
                case Durable::Take::nothing:
                    wait();
                    break;
            }
        }
        durable_->leave(me);
    }
    void handle(Durable::Member me, const Durable::Taken& taken, bool fails) {
        const auto offset = taken.kept.stamp.position.offset;
        const auto text = std::to_string(offset);
        const std::string body(taken.kept.publication->body());
        steps_.step();
        say("H " + text + " " + std::to_string(taken.deliveries) + " " +
            body.substr(0, body.find(' ', body.find(' ') + 1)));
        if (fails) {
            durable_->nack(me, offset, "no", clock_.now());
            return;
        }
        steps_.step();
        append("out", *out_, text, {publisher, offset});
        steps_.step();
        if (durable_->ack(me, offset, clock_.now())) say("K " + text);
        steps_.step();
    }
    // All that was published is stored and done with.
    bool over() {
        const auto numbers = durable_->numbers();
        if (clock_.now().steady_ns - began_ns_ > patience_ns) {
            say("E it is stuck at " + std::to_string(numbers.cursor) + " of " +
                std::to_string(in_->position().offset) + ", in hand " +
                std::to_string(numbers.in_hand) + ", waiting " + std::to_string(numbers.waiting) +
                (published_ ? "" : ", still publishing") + "; " + journal_->numbers().what);
            _exit(1);
        }
        return published_ && numbers.cursor >= in_->position().offset;
    }

    void ring() {
        const std::lock_guard lock(mutex_);
        rung_ = true;
        bell_.notify_one();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        const auto until = durables_->next_deadline_ns() - clock_.now().steady_ns;
        const auto pause = std::chrono::nanoseconds(std::clamp<std::int64_t>(until, 0, 5'000'000));
        bell_.wait_for(lock, pause, [this] { return rung_; });
        rung_ = false;
    }

    const Settings& settings_;
    const Life& life_;
    const int pipe_;
    Steps steps_;
    SteppingIo io_;
    base::SystemClock clock_;
    std::unique_ptr<Journal> journal_;
    std::optional<Pen> in_;
    std::optional<Pen> out_;
    std::unique_ptr<hub::Durables> durables_;
    hub::DurableRef durable_;
    std::atomic<bool> published_{false};
    const std::int64_t began_ns_ = clock_.now().steady_ns;
    std::mutex mutex_;
    std::condition_variable bell_;
    bool rung_ = false;
};

}  // namespace

void live(const Settings& settings, const Life& life, int pipe) {
    Alive(settings, life, pipe).run();
    _exit(0);
}

}  // namespace carillon::crash
