#include "server/check_config.h"

#include <fmt/format.h>

#include "server/certificates.h"
#include "server/config_bridges.h"
#include "server/config_fields.h"
#include "server/config_journal.h"
#include "server/json_text.h"

namespace carillon::server {
namespace {

template <class Owner>
void append_fields(std::string& out, const std::vector<Field<Owner>>& fields,
                   std::string_view above, const Owner& owner) {
    for (const auto& field : fields) {
        if (field.path.empty()) continue;
        out += above;
        out += field.path;
        out += " = ";
        if (field.secret) {
            out += field.value.write(owner).empty() ? "" : "********";
        } else if (field.value.kind == Value<Owner>::Kind::text ||
                   field.value.kind == Value<Owner>::Kind::list) {
            append_json_string(out, field.value.write(owner));
        } else {
            out += field.value.write(owner);
        }
        out += '\n';
    }
}

}  // namespace

std::string text_of(const Config& config) {
    std::string out;
    append_fields(out, config_fields(), "", config);
    for (std::size_t i = 0; i < config.apps.size(); ++i) {
        append_fields(out, app_fields(), fmt::format("app_manager.array.apps[{}].", i),
                      config.apps[i]);
    }
    for (std::size_t i = 0; i < config.bridges.size(); ++i) {
        append_fields(out, bridge_fields(), fmt::format("{}[{}].", bridges_path, i),
                      config.bridges[i]);
    }
    for (std::size_t i = 0; i < config.journal.channels.size(); ++i) {
        append_fields(out, journal_rule_fields(), fmt::format("{}[{}].", journal_channels_path, i),
                      config.journal.channels[i]);
    }
    return out;
}

Checked check_config(Sources sources) {
    sources.unknown_keys = Severity::error;
    auto loaded = load(sources);
    if (const auto exposure = check_exposure(loaded.config); !exposure.has_value()) {
        loaded.problems.push_back({Severity::error, "host", exposure.error().message});
    }
    const auto certificates = load_certificates(loaded.config.ssl);
    if (!certificates.has_value())
        loaded.problems.push_back({Severity::error, "ssl", certificates.error().message});
    std::string text;
    for (const auto& problem : loaded.problems) text += line_of(problem) + "\n";
    for (const auto& line : demo_warnings(loaded.config)) text += "warning: " + line + "\n";
    if (!text.empty()) text += '\n';
    text += text_of(loaded.config);
    return {text, loaded.failed() ? 1 : 0};
}

}  // namespace carillon::server
