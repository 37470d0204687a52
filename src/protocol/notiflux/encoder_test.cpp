#include "protocol/notiflux/encoder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace carillon::notiflux {
namespace {

std::optional<std::string> encoded(const hub::Publication::Parts& parts) {
    base::Buffer out;
    out.append("before ");
    const bool shown = wire_encoder().encode({*hub::Publication::make(parts), "news", {}}, out);
    EXPECT_TRUE(out.view().starts_with("before "));
    if (shown) return std::string(out.view().substr(7));
    EXPECT_EQ(out.view(), "before ");
    return std::nullopt;
}

TEST(Encoder, shows_text_and_json_as_they_are) {
    for (const auto kind : {hub::BodyKind::text, hub::BodyKind::json}) {
        for (const std::string_view body :
             {std::string_view(R"({ "n": 1.0 })"), std::string_view("ü\n\u2028\0\"", 8),
              std::string_view()}) {
            EXPECT_EQ(encoded({.body_kind = kind, .event = "name", .member = "m", .body = body}),
                      body);
        }
    }
}

TEST(Encoder, does_not_show_binary) {
    EXPECT_EQ(encoded({.body_kind = hub::BodyKind::binary, .body = "abc"}), std::nullopt);
}

TEST(Encoder, has_no_word_for_anything_but_a_message) {
    for (const auto kind :
         {hub::Kind::joined, hub::Kind::left, hub::Kind::gap, hub::Kind::announcement}) {
        EXPECT_EQ(encoded({.kind = kind, .member = "m", .body = "3"}), std::nullopt);
    }
}

}  // namespace
}  // namespace carillon::notiflux
