#include "protocol/pusher/info.h"

#include "http/request.h"
#include "json/write.h"

namespace carillon::pusher {

Info parse_info(std::string_view list) {
    Info info;
    http::for_each_element(list, [&](std::string_view word) {
        if (word == "user_count") info.user_count = true;
        if (word == "subscription_count") info.subscription_count = true;
        if (word == "cache") info.cache = true;
    });
    return info;
}

Info limited_to(ChannelKind kind, const Info& info) {
    return {.user_count = info.user_count && kind.presence,
            .subscription_count = info.subscription_count && !kind.presence};
}

void append_counts(const Info& info, const hub::Description& counted, base::Buffer& out) {
    out.append('{');
    if (info.user_count) {
        out.append(R"("user_count":)");
        json::append_number(counted.members, out);
    }
    if (info.user_count && info.subscription_count) out.append(',');
    if (info.subscription_count) {
        out.append(R"("subscription_count":)");
        json::append_number(counted.subscribers, out);
    }
    out.append('}');
}

}  // namespace carillon::pusher
