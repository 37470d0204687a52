// protocol/testing_hooks.h: for tests only: a program around the server that says no to what is
// published in some channels, and to who joins others.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "hub/ports.h"

namespace carillon::protocol::testing {

struct VetoingHooks final : hub::Hooks {
    bool watch(const hub::App&) const override { return true; }
    bool before_publish(const hub::AppRef&, std::string_view channel,
                        hub::PublicationRef&) const override {
        return !unspeakable.contains(channel);
    }
    void after_publish(const hub::AppRef&, std::string_view, const hub::PublicationRef&,
                       std::uint64_t) const override {}
    bool before_subscribe(const hub::AppRef&, std::string_view channel) const override {
        return !closed.contains(channel);
    }
    void after_unsubscribe(const hub::AppRef&, std::string_view) const override {}

    std::set<std::string, std::less<>> unspeakable{};
    std::set<std::string, std::less<>> closed{};
};

}  // namespace carillon::protocol::testing
