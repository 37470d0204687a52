// protocol/pusher/info.h: what a backend wants to know about channels beside its question. Pure.
//
//   info := word *( "," word )      user_count, subscription_count, cache; other words are ignored
//
// Who asks for what a channel cannot have: a publish is answered without it (limited_to), a question
// is refused (http_queries.h).
#pragma once

#include <string_view>

#include "base/buffer.h"
#include "hub/hub.h"
#include "protocol/pusher/names.h"

namespace carillon::pusher {

struct Info {
    bool user_count = false;          // distinct members
    bool subscription_count = false;  // subscribers
    bool cache = false;               // the last event of a cache channel

    bool any() const { return user_count || subscription_count || cache; }
};

Info parse_info(std::string_view list);

// What a publish is told of a channel of this kind: members of presence channels, subscribers of
// the others.
Info limited_to(ChannelKind kind, const Info& info);

// {"user_count":2,"subscription_count":3}, each where it is wanted.
void append_counts(const Info& info, const hub::Description& counted, base::Buffer& out);

}  // namespace carillon::pusher
