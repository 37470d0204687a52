// apps/memory/memory_apps.h: the tenants of the configuration file. Built once at start-up and only
// read afterwards, so any loop may ask; the answer comes before find_by_… returns.
#pragma once

#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "hub/app.h"
#include "hub/ports.h"

namespace carillon::apps {

class MemoryApps final : public hub::Apps {
 public:
    // An Error if an id or a key is empty or comes twice: one of the two tenants would silently be
    // the other.
    static Result<std::unique_ptr<MemoryApps>> make(std::vector<hub::App> apps);

    void find_by_key(std::string_view key, Answer answer) override;
    void find_by_id(std::string_view id, Answer answer) override;

    template <class Visit>  // (const hub::AppRef&)
    void each(const Visit& visit) const {
        for (const auto& [id, app] : by_id_) visit(app);
    }

 private:
    // Keys are views into the apps, which never move or change.
    using Index = std::unordered_map<std::string_view, hub::AppRef>;

    MemoryApps() = default;
    static hub::AppRef find(const Index& index, std::string_view name);

    Index by_id_;
    Index by_key_;
};

}  // namespace carillon::apps
