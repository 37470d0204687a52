// server/default_app.h: the environment's app, SOCKUDO_DEFAULT_APP_*, and the demo app it is when
// nothing is set. When each of them is the one in force:
//
//   id, key and secret set    this app alone; the file's apps give way
//   fewer, apps in the file   the file's apps; what is set has no effect
//   fewer, none in the file   this app; what is missing is the demo app's, with a warning
//   nothing anywhere          the demo app, whose clients may publish
//
// A disabled one (SOCKUDO_DEFAULT_APP_ENABLED=false) never takes the place of the file's apps.
#pragma once

#include "server/config_fields.h"
#include "server/config_load.h"

namespace carillon::server {

void add_default_app(const Environment& environment, Loaded& loaded);

// One field from one variable: nothing if it is not set. A broken number is an error. A broken
// boolean is a warning and changes nothing, as the servers did that these names come from.
template <class Owner>
void read_variable(const Field<Owner>& field, std::string_view variable,
                   const Environment& environment, Owner& owner, std::vector<Problem>& problems) {
    const auto found = environment.find(variable);
    if (variable.empty() || found == environment.end() || found->second.empty()) return;
    if (field.value.read(owner, found->second)) return;
    if (field.value.is_unbuilt(found->second)) {
        problems.push_back({Severity::warning, std::string(variable),
                            "this value is not yet supported; it has no effect"});
        return;
    }
    const bool boolean = field.value.kind == Value<Owner>::Kind::boolean;
    problems.push_back({boolean ? Severity::warning : Severity::error, std::string(variable),
                        "expected " + field.value.expected + (boolean ? "; ignored" : "")});
}

}  // namespace carillon::server
