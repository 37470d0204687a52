#include "protocol/notiflux/admission.h"

#include <array>

#include "protocol/notiflux/wire.h"

namespace carillon::notiflux {
namespace {

struct Row {
    Denial why;
    Fault of_subscribe;
    Fault of_broadcast;
};
constexpr std::array<Row, 5> rows{{
    {Denial::name, Fault::subscribe_name, Fault::broadcast_name},
    {Denial::hidden, Fault::subscribe_hidden, Fault::broadcast_hidden},
    {Denial::token, Fault::subscribe_token, Fault::broadcast_token},
    {Denial::scope, Fault::subscribe_scope, Fault::broadcast_scope},
    {Denial::topic, Fault::subscribe_topic, Fault::broadcast_topic},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (rows[i].why != static_cast<Denial>(i)) return false;
    }
    return true;
}
static_assert(in_order(), "a denial is the index of its row");

}  // namespace

// A reserved name is open: a token lists its topics one by one, and never "all".
std::optional<Denied> deny(const Parts& parts, Grant::Scope scope, std::string_view topic,
                           std::string_view token, Now now) {
    if (topic.empty() || topic.size() > topic_bytes_max) return Denied{Denial::name};
    if (protocol::reserve_of(parts.reserve_of, topic) == protocol::Reserve::hidden) {
        return Denied{Denial::hidden};
    }
    const auto grant = read_token(parts.options.tokens, token, now);
    if (!grant.has_value()) {
        return Denied{Denial::token,
                      auth::name_of(static_cast<auth::JwtFault>(grant.error().code))};
    }
    const auto checked = check(grant.value(), scope, topic);
    if (checked.has_value()) return std::nullopt;
    return Denied{checked.error().code == static_cast<int>(GrantFault::scope) ? Denial::scope
                                                                              : Denial::topic};
}

Fault subscribe_fault(Denial why) { return rows[static_cast<std::size_t>(why)].of_subscribe; }
Fault broadcast_fault(Denial why) { return rows[static_cast<std::size_t>(why)].of_broadcast; }

}  // namespace carillon::notiflux
