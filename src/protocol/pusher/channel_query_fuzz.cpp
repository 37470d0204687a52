// input := channel LF query. Whatever a backend asks in a query: no crash, and no count of members
// where there are none. Signed with the secret it is read the same way.
// fuzzes: channel_query.cpp info.cpp names.cpp
#include <array>
#include <string>
#include <string_view>

#include "auth/hmac.h"
#include "base/assert.h"
#include "json/read.h"
#include "protocol/pusher/channel_query.h"
#include "protocol/pusher/errors.h"
#include "protocol/pusher/signature.h"

namespace {

using namespace carillon;

void check_name(std::string_view channel) {
    const auto kind = pusher::kind_of(channel);
    ASSERT(!pusher::name_of(pusher::type_of(kind)).empty());
    ASSERT(!kind.presence || kind.authenticated);
    if (pusher::is_legal_channel(channel)) {
        ASSERT(pusher::is_legal_channel(channel, true) && !pusher::is_reserved_channel(channel));
        ASSERT(pusher::reserve_of(channel) != protocol::Reserve::hidden);
    }
    const auto own = pusher::user_channel(channel);
    ASSERT(pusher::kind_of(own).user);
    ASSERT(pusher::reserve_of(own) == protocol::Reserve::reserved);
    const auto watched = pusher::watch_channel(channel);
    ASSERT(pusher::is_own_channel(watched) && !pusher::is_legal_channel(watched, true));
    ASSERT(pusher::user_of_watch_channel(watched) == channel);
    ASSERT(pusher::reserve_of(watched) == protocol::Reserve::hidden);
}

void check_counts(const pusher::Info& info) {
    base::Buffer out;
    pusher::append_counts(info, {}, out);
    std::array members{json::Member{"user_count"}, json::Member{"subscription_count"}};
    ASSERT(json::read_object(out.view(), members).has_value());
    ASSERT(members[0].text.empty() != info.user_count);
    ASSERT(members[1].text.empty() != info.subscription_count);
}

void check(std::string_view channel, const http::QueryParams& params) {
    const auto list = pusher::parse_list_query(params);
    if (list.has_value()) {
        const auto& [prefix, info] = list.value();
        ASSERT(!info.user_count || pusher::kind_of(prefix).presence);
        ASSERT(!list.value().fits(channel) || channel.starts_with(prefix));
        ASSERT(!list.value().fits(channel) || !channel.starts_with('!'));
    } else {
        ASSERT(pusher::http_fault(list.error()) == pusher::Fault::request_invalid);
    }
    const auto info = pusher::parse_channel_query(channel, params);
    if (info.has_value()) {
        ASSERT(!info.value().user_count || pusher::kind_of(channel).presence);
        check_counts(info.value());
        const auto limited = pusher::limited_to(pusher::kind_of(channel), info.value());
        ASSERT(!(limited.user_count && limited.subscription_count) && !limited.cache);
    }
    (void)pusher::wants_user_info(params);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view query(reinterpret_cast<const char*>(data), size);
    const auto channel = query.substr(0, query.find('\n'));
    query.remove_prefix(std::min(query.size(), channel.size() + 1));
    check_name(channel);
    const auto params = http::parse_query(query);
    if (params.has_value()) check(channel, params.value());

    hub::App app;
    app.key = "278d425bdf160c739803";
    app.secret = "7ad3773142a6692b25b8";
    http::Request request;
    request.method = "GET";
    request.path = "/apps/3/channels";
    request.query = "auth_key=" + app.key + "&auth_timestamp=1353088179&auth_version=1.0&";
    request.query += query;
    const auto text = pusher::request_text(request);
    if (!text.has_value()) return 0;
    request.query += "&auth_signature=" + auth::hmac_sha256_hex(app.secret, {text.value()});
    const auto verified = pusher::verify_request(app, request, {0, 1'353'088'179'000});
    if (!verified.has_value()) return 0;  // the input had a signature of its own in front
    check(channel, verified.value());
    for (const auto& [key, value] : verified.value()) {
        for (const char c : key) ASSERT(c < 'A' || c > 'Z');
    }
    return 0;
}
