#include "apps/memory/memory_apps.h"

#include <utility>

namespace carillon::apps {

Result<std::unique_ptr<MemoryApps>> MemoryApps::make(std::vector<hub::App> apps) {
    const auto refuse = [](std::string message) {
        return Error{ErrorKind::invalid, std::move(message)};
    };
    std::unique_ptr<MemoryApps> made(new MemoryApps());
    for (auto& configured : apps) {
        const auto app = std::make_shared<const hub::App>(std::move(configured));
        if (app->id.empty() || app->key.empty()) {
            return refuse("app \"" + app->id + app->key + "\": an app has an id and a key");
        }
        if (!made->by_id_.emplace(app->id, app).second) {
            return refuse("two apps have the id \"" + app->id + "\"");
        }
        if (!made->by_key_.emplace(app->key, app).second) {
            return refuse("two apps have the key \"" + app->key + "\"");
        }
    }
    return made;
}

void MemoryApps::find_by_key(std::string_view key, Answer answer) { answer(find(by_key_, key)); }

void MemoryApps::find_by_id(std::string_view id, Answer answer) { answer(find(by_id_, id)); }

hub::AppRef MemoryApps::find(const Index& index, std::string_view name) {
    const auto at = index.find(name);
    return at == index.end() ? nullptr : at->second;
}

}  // namespace carillon::apps
