#include "library/line.h"

#include <utility>

#include "base/limits.h"
#include "library/core.h"
#include "library/typed_value.h"

namespace carillon::detail {

// ---- what the handle holds ----

void Control::fail(Error why) {
    const Error* none = nullptr;
    auto* mine = new Error(std::move(why));
    if (!error.compare_exchange_strong(none, mine)) delete mine;
}

void Control::end() {
    open.store(false);
    if (reading == nullptr) return;
    std::coroutine_handle<> waiting;
    {
        const std::lock_guard lock(reading->mutex);
        waiting = std::exchange(reading->waiting, {});
        reading->changed.notify_all();
    }
    if (waiting) reading->waiting_on->resume(waiting);
}

// ---- what a storage rings ----

void Ring::operator()() {
    const std::lock_guard lock(mutex_);
    if (loop_ == nullptr || rung_.exchange(true)) return;
    auto control = control_.lock();
    if (control == nullptr) return;
    loop_->post([this, control = std::move(control)] {
        // Its line is there, and with it this; or it is gone.
        if (control->line == nullptr) return;
        rung_.store(false);
        control->line->look();
    });
}

void Ring::stop() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
}

// ---- on the loop ----

Line::Line(Core& core, library::Loop& loop, std::shared_ptr<Control> control,
           std::unique_ptr<Receiver> receiver)
    : core_(core),
      loop_(loop),
      control_(std::move(control)),
      ring_(std::make_shared<Ring>(control_, loop)),
      receiver_(std::move(receiver)) {}

Line::~Line() { ring_->stop(); }

void Line::begun() {
    control_->line = this;
    control_->open.store(true);
}

void Line::left() {
    ring_->stop();
    control_->line = nullptr;
    control_->end();
}

void Line::end_later(hub::CloseReason why) {
    control_->dropped.store(true);
    loop_.post([&core = core_, control = control_, why] {
        if (control->line != nullptr) core.close(*control->line, why);
    });
}

void Line::end_later(Error why, hub::CloseReason reason) {
    why.message = topic_ + ": " + why.message;
    control_->fail(why);
    core_.report(why);
    end_later(reason);
}

void Line::look_later() {
    loop_.post([control = control_] {
        if (control->line != nullptr) control->line->look();
    });
}

bool Line::is_asked() const {
    const std::lock_guard lock(control_->reading->mutex);
    return control_->reading->asked;
}

void Line::give_reader(const Incoming& incoming) {
    const std::lock_guard lock(control_->reading->mutex);
    control_->reading->ready.push_back(pulled_of(incoming));
    control_->reading->asked = false;  // here: it may ask for the next before wake_reader()
}

void Line::wake_reader() {
    auto& reading = *control_->reading;
    std::coroutine_handle<> waiting;
    {
        const std::lock_guard lock(reading.mutex);
        waiting = std::exchange(reading.waiting, {});
        reading.changed.notify_all();
    }
    if (waiting) reading.waiting_on->resume(waiting);
}

void Line::count(bool shown) {
    auto& books = loop_.lane().books();
    books.replayed.add();
    (shown ? books.delivered : books.filtered).add();
}

Incoming incoming_of(const hub::Publication& publication, std::string_view topic,
                     const hub::Stamp& stamp) {
    const auto* value = library::TypedValue::of(publication);
    return {.topic = topic,
            .type = value != nullptr ? &value->message_type() : nullptr,
            .value = value != nullptr ? value->get() : nullptr,
            .publication = &publication,
            .unix_ms = stamp.unix_ms,
            .epoch = stamp.position.epoch,
            .offset = stamp.position.offset};
}

Pulled pulled_of(const Incoming& incoming) {
    return {
        .publication = Keep(incoming.publication),
        .topic = std::string(incoming.topic),
        .type = incoming.type,
        .value = incoming.value,
        .unix_ms = incoming.unix_ms,
        .epoch = incoming.epoch,
        .offset = incoming.offset,
        .deliveries = incoming.deliveries,
        .control = incoming.control != nullptr ? incoming.control->shared_from_this() : nullptr};
}

}  // namespace carillon::detail
