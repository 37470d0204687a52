#include "net/loop.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "base/assert.h"
#include "net/mailbox.h"
#include "net/timer_wheel.h"

namespace carillon::net {

namespace asio = boost::asio;

// UNSAFE_IO: the queue of handlers stays locked, so post() and stop() work from any thread; the
// reactor's lock per descriptor is off. That is safe because only the home thread touches
// descriptors and timers (ASSERTed in Descriptor and timers()), before run() and after it the
// thread that owns the Loop. Like a hint of 1 it also tells Asio that there is one thread to run
// handlers: what the loop posts to itself takes no lock and no wake-up.
struct Loop::Parts final : TimerWheel::Alarm {
    explicit Parts(Loop& owner)
        : loop(owner),
          context(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
          work(context.get_executor()),
          alarm(context),
          timers(owner.now(), this) {}

    void drain_mailbox() {
        if (mailbox.drain()) asio::post(context, [this] { drain_mailbox(); });
    }

    void on_armed(std::int64_t wake_up_ns) override { wake_by(wake_up_ns); }

    // The alarm is only ever moved closer. A timer pushed back, which an idle timeout is at every
    // message, leaves it alone; it then rings once for nothing and is set anew: pushing back costs
    // no system call.
    void wake_by(std::int64_t wake_up_ns) {
        if (wake_up_ns >= alarm_ns) return;
        alarm_ns = wake_up_ns;
        // The floor keeps a clock that stands still (a test's) from making us spin; the ceiling
        // keeps chrono from overflowing, and an alarm that rings too soon is only set anew.
        const auto wait_ns =
            std::clamp(wake_up_ns - loop.now().steady_ns, base::ns_per_ms, 3600 * base::ns_per_s);
        alarm.expires_after(std::chrono::nanoseconds(wait_ns));
        alarm.async_wait([this](const boost::system::error_code& error) {
            if (error) return;  // set anew, or the loop is being destroyed
            alarm_ns = base::never_ns;
            loop.run_due_timers();
        });
    }

    Loop& loop;
    asio::io_context context;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    asio::basic_waitable_timer<std::chrono::steady_clock,
                               asio::wait_traits<std::chrono::steady_clock>,
                               asio::io_context::executor_type>
        alarm;
    std::int64_t alarm_ns = base::never_ns;  // what the alarm is set for, by our clock
    TimerWheel timers;
    Mailbox mailbox;
};

Loop::Loop(const base::Clock& clock, unsigned index)
    : clock_(clock), index_(index), parts_(std::make_unique<Parts>(*this)) {}

Loop::~Loop() { ASSERT(is_here()); }

void Loop::run() {
    home_.settle();
    parts_->context.run();
    home_.unsettle();
}

void Loop::stop() { parts_->context.stop(); }

bool Loop::post(std::function<void()> work) {
    const auto put = parts_->mailbox.put(std::move(work));
    if (put == Mailbox::Put::wake) {
        asio::post(parts_->context, [parts = parts_.get()] { parts->drain_mailbox(); });
    }
    return put != Mailbox::Put::refused;
}

void Loop::defer(Task& task) {
    ASSERT(is_here());
    queue(task);
}

void Loop::wake(Task& task) { queue(task); }

// The flag is cleared before run(), by an exchange: it then reads the last waker's exchange and
// with it everything that waker wrote before waking, so what came before a wake is seen by the run
// that absorbed it. A store would not promise that.
void Loop::queue(Task& task) {
    if (task.queued_.exchange(true, std::memory_order_acq_rel)) return;
    asio::post(parts_->context, [&task] {
        task.queued_.exchange(false, std::memory_order_acq_rel);
        task.run();
    });
}

TimerWheel& Loop::timers() {
    ASSERT(is_here());
    return parts_->timers;
}

void Loop::run_due_timers() {
    ASSERT(is_here());
    parts_->timers.advance(now());
    parts_->wake_by(parts_->timers.next_deadline_ns());
}

std::uint64_t Loop::mailbox_refused() const { return parts_->mailbox.refused(); }

asio::io_context& Loop::context() {
    ASSERT(is_here());
    return parts_->context;
}

}  // namespace carillon::net
