#include "protocol/pusher/http_channels.h"

#include <string_view>
#include <utility>

#include "base/limits.h"
#include "json/write.h"
#include "protocol/pusher/channel_query.h"

namespace carillon::pusher {
namespace {

constexpr std::size_t stripes_per_step = 32;

// One list in the making. Moves from loop to loop, always with one holder.
class List {
 public:
    List(CallRef call, ListQuery query) : call_(std::move(call)), query_(std::move(query)) {
        body_.append(R"({"channels":{)");
    }
    List(const List&) = delete;
    List& operator=(const List&) = delete;
    ~List() { call_->service.listings.fetch_sub(1); }  // list_channels counted it

    // The next part. False: the call is answered.
    bool step();
    void refuse(Fault fault, std::string why) { call_->answer(http_error(fault, std::move(why))); }
    const Service& service() const { return call_->service; }

 private:
    void add(std::string_view channel, const hub::Description& counted);

    const CallRef call_;
    const ListQuery query_;
    base::Buffer body_;
    std::string_view separator_;
    std::size_t next_stripe_ = 0;
    bool too_large_ = false;
};

bool List::step() {
    call_->service.hub.each_channel(
        call_->app, next_stripe_, stripes_per_step,
        [this](std::string_view channel, const hub::Description& counted) {
            if (!too_large_ && query_.fits(channel)) add(channel, counted);
        });
    next_stripe_ += stripes_per_step;
    if (too_large_) {
        refuse(Fault::request_payload, "The list is longer than " +
                                           std::to_string(limits::http_list_bytes_max) +
                                           " bytes. Ask for a part of it with filter_by_prefix.");
        return false;
    }
    if (next_stripe_ < hub::ChannelTable::stripe_count) return true;
    body_.append("}}");
    call_->answer(std::string(body_.view()));
    return false;
}

// Under the lock of a part of the table: a copy, no more.
void List::add(std::string_view channel, const hub::Description& counted) {
    body_.append(std::exchange(separator_, ","));
    json::append_quoted(channel, body_);
    body_.append(':');
    append_counts(query_.info, counted, body_);
    too_large_ = body_.size() > limits::http_list_bytes_max;
}

void go_on(const std::shared_ptr<List>& list) {
    if (!list->step()) return;
    const auto& later = list->service().later;
    if (later && later([list] { go_on(list); })) return;
    list->refuse(Fault::request_overloaded, text_of(Fault::request_overloaded));
}

}  // namespace

void list_channels(const CallRef& call) {
    auto query = parse_list_query(call->query);
    if (!query.has_value()) return call->answer(query.error());
    auto& listings = call->service.listings;
    if (listings.fetch_add(1) >= limits::http_lists_max) {
        listings.fetch_sub(1);
        return call->answer(http_error(Fault::request_overloaded,
                                       "Too many lists are being made. Try again later."));
    }
    go_on(std::make_shared<List>(call, std::move(query).value()));
}

}  // namespace carillon::pusher
