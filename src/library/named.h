// library/named.h: the names under which this broker's topics are heard: opened for those who subscribe, and
// found again for those who ask about them, with the terms that the last subscriber gave. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "carillon/detail/core.h"
#include "hub/durable.h"

namespace carillon::library {

class Named {
 public:
    // Null: there is no place for cursors.
    void settle(hub::Durables* durables, hub::AppRef app) {
        durables_ = durables;
        app_ = std::move(app);
    }
    Result<hub::DurableRef> open(std::string_view topic, const detail::Terms& terms, Now now);
    // Errors: not_found.
    Result<hub::DurableRef> find(std::string_view topic, std::string_view name, Now now);
    std::vector<std::string> names(std::string_view topic);
    Result<void> forget(std::string_view topic, std::string_view name);

 private:
    Result<void> check() const;
    Error unknown(std::string_view topic, std::string_view name) const;
    bool is_known(std::string_view topic, std::string_view name);

    hub::Durables* durables_ = nullptr;
    hub::AppRef app_{};
    std::mutex mutex_;
    // By topic and name. As many as there are durables, or were: limits::durables_max at a time.
    std::map<std::pair<std::string, std::string>, hub::DurableTerms> terms_;
};

hub::From from_of(const From& from);

}  // namespace carillon::library
