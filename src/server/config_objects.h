// server/config_objects.h: lists of objects in the file, each member of which is a setting with a line in
// a list of fields: a bridge, a rule of the journal.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config_fields.h"
#include "server/config_load.h"
#include "server/names.h"

namespace carillon::server {

// The words of an array with commas between them: the text that a list reads.
inline std::optional<std::string> text_of_array(const boost::json::array& array) {
    std::string text;
    for (const auto& element : array) {
        if (!element.is_string()) return std::nullopt;
        const std::string_view word = element.get_string();
        if (word.empty() || word.find(',') != std::string_view::npos) return std::nullopt;
        text += (text.empty() ? "" : ",") + std::string(word);
    }
    return text;
}

// The value as the text that a Value reads, if its JSON type suits. 3.0 is no whole number here.
template <class Owner>
std::optional<std::string> text_of(const boost::json::value& value,
                                   typename Value<Owner>::Kind kind) {
    using Kind = typename Value<Owner>::Kind;
    if (kind == Kind::boolean) {
        if (!value.is_bool()) return std::nullopt;
        return std::string(value.get_bool() ? "true" : "false");
    }
    if (kind == Kind::number && value.is_int64()) return std::to_string(value.get_int64());
    if (kind == Kind::number && value.is_uint64()) return std::to_string(value.get_uint64());
    if (kind == Kind::list && value.is_array()) return text_of_array(value.get_array());
    if (!value.is_string()) return std::nullopt;
    return std::string(value.get_string());
}

inline bool is_given(const boost::json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value != nullptr && !value->is_null();
}

class ObjectReader {
 public:
    ObjectReader(Severity unknown_keys, Loaded& loaded)
        : unknown_keys_(unknown_keys), loaded_(loaded) {}

    void say(Severity severity, std::string path, std::string message) {
        loaded_.problems.push_back({severity, std::move(path), std::move(message)});
    }
    // Every member into the owner, by the field of its name. What is `required` is there.
    template <class Owner>
    void read(const boost::json::object& object, const std::string& path,
              const std::vector<Field<Owner>>& fields,
              std::initializer_list<std::string_view> required, Owner& owner) {
        for (const auto& member : object) {
            read_member(member, path + "." + std::string(member.key()), fields, owner);
        }
        for (const auto key : required) {
            if (is_given(object, key)) continue;
            say(Severity::error, path + "." + std::string(key), "required");
        }
    }

 private:
    template <class Owner>
    void read_member(const boost::json::key_value_pair& member, const std::string& path,
                     const std::vector<Field<Owner>>& fields, Owner& owner) {
        const std::string_view key = member.key();
        const auto field = std::ranges::find(fields, key, &Field<Owner>::path);
        if (field == fields.end()) {
            std::vector<std::string_view> known;
            known.reserve(fields.size());
            for (const auto& one : fields) known.push_back(one.path);
            return say(unknown_keys_, path, "unknown key" + did_you_mean(key, known));
        }
        if (member.value().is_null()) return;
        const auto text = text_of<Owner>(member.value(), field->value.kind);
        if (text && text->find("${") != std::string::npos) {
            return say(Severity::error, path, "replacing ${...} is not yet supported");
        }
        if (text && field->value.read(owner, *text)) return;
        say(Severity::error, path, "expected " + field->value.expected);
    }

    const Severity unknown_keys_;
    Loaded& loaded_;
};

}  // namespace carillon::server
