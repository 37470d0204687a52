// library/plan.h: what a Builder was told.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "carillon/broker.h"
#include "library/hook_chain.h"
#include "library/house.h"

namespace carillon {

struct Builder::Plan {
    unsigned threads = 1;
    ErrorSink sink{};
    std::vector<library::HookChain::Link> hooks{};
    std::optional<library::JournalPlan> journal{};
    // Another house than a hub alone, with so many lanes for the broker.
    std::function<Result<std::unique_ptr<library::House>>(unsigned lanes)> make_house{};
    std::string wrong{};  // empty: nothing is

    void refuse(const std::string& why) { wrong += (wrong.empty() ? "" : "; ") + why; }
};

}  // namespace carillon
