#include "bridge/body.h"

#include <gtest/gtest.h>

namespace carillon::bridge {
namespace {

using hub::BodyKind;
using hub::Publication;
using hub::PublicationRef;

PublicationRef publication(BodyKind kind, std::string_view body, std::string_view event = {}) {
    return Publication::make({.body_kind = kind, .event = event, .body = body});
}

// Kind and body of what arrives, or "none".
std::string converted(BodyRule rule, BodyKind kind, std::string_view body,
                      std::string_view event = {}, std::string_view event_of_bridge = {}) {
    static constexpr std::string_view kinds[] = {"text ", "json ", "binary "};
    const auto there = convert(publication(kind, body, event), rule, event_of_bridge);
    if (there == nullptr) return "none";
    return std::string(kinds[static_cast<std::size_t>(there->body_kind())]) +
           std::string(there->body());
}

TEST(Body, that_stays_the_same_is_the_same_publication) {
    for (const auto kind : {BodyKind::text, BodyKind::json, BodyKind::binary}) {
        const auto here = publication(kind, "7");
        EXPECT_EQ(convert(here, BodyRule::same, {}), here);
    }
    const auto json = publication(BodyKind::json, "7");
    EXPECT_EQ(convert(json, BodyRule::json, {}), json);
    const auto text = publication(BodyKind::text, "7");
    EXPECT_EQ(convert(text, BodyRule::text, {}), text);
    const auto named = publication(BodyKind::text, "7", "rang");
    EXPECT_EQ(convert(named, BodyRule::same, "message"), named);
}

TEST(Body, of_text_becomes_the_json_that_it_holds) {
    const auto json = [](std::string_view text) {
        return converted(BodyRule::json, BodyKind::text, text);
    };
    EXPECT_EQ(json(R"({"b":1,"a":[1.0,12345678901234567890123]})"),
              R"(json {"b":1,"a":[1.0,12345678901234567890123]})");
    EXPECT_EQ(json(" [1, 2]\n"), "json [1, 2]");
    EXPECT_EQ(json("7"), "json 7");
    EXPECT_EQ(json("null"), "json null");
    EXPECT_EQ(json(R"("quoted")"), R"(json "quoted")");
}

TEST(Body, of_text_that_is_no_json_becomes_a_json_string) {
    const auto json = [](std::string_view text) {
        return converted(BodyRule::json, BodyKind::text, text);
    };
    EXPECT_EQ(json("hello"), R"(json "hello")");
    EXPECT_EQ(json("say \"hi\"\n"), R"(json "say \"hi\"\n")");
    EXPECT_EQ(json(""), R"(json "")");
    EXPECT_EQ(json("  "), R"(json "  ")");
    EXPECT_EQ(json("1,2"), R"(json "1,2")");
    EXPECT_EQ(json("1],[2"), R"(json "1],[2")");
    EXPECT_EQ(json("1]"), R"(json "1]")");
    EXPECT_EQ(json("[1"), R"(json "[1")");
    EXPECT_EQ(json(R"({"a":1} x)"), R"(json "{\"a\":1} x")");
    EXPECT_EQ(json("NaN"), R"(json "NaN")");
}

TEST(Body, of_json_becomes_its_text) {
    EXPECT_EQ(converted(BodyRule::text, BodyKind::json, R"({"a": 1})"), R"(text {"a": 1})");
    EXPECT_EQ(converted(BodyRule::text, BodyKind::json, R"("hi")"), R"(text "hi")");
    EXPECT_EQ(converted(BodyRule::text, BodyKind::json, ""), "text ");
}

TEST(Body, in_an_envelope_comes_with_its_event) {
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::json, R"({"a":1})", "rang"),
              R"(json {"event":"rang","data":{"a":1}})");
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::text, "hello", "say \"hi\""),
              R"(json {"event":"say \"hi\"","data":"hello"})");
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::text, R"({"a":1})", "rang"),
              R"(json {"event":"rang","data":{"a":1}})");
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::json, "", ""),
              R"(json {"event":null,"data":null})");
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::json, "1", "", "message"),
              R"(json {"event":"message","data":1})");
}

TEST(Body, of_bytes_has_no_form_but_its_own) {
    EXPECT_EQ(converted(BodyRule::json, BodyKind::binary, "7"), "none");
    EXPECT_EQ(converted(BodyRule::text, BodyKind::binary, "7"), "none");
    EXPECT_EQ(converted(BodyRule::envelope, BodyKind::binary, "7"), "none");
    EXPECT_EQ(converted(BodyRule::same, BodyKind::binary, "7"), "binary 7");
}

TEST(Body, gets_the_bridges_event_only_where_it_has_none) {
    const auto event_of = [](BodyRule rule, BodyKind kind, std::string_view event) {
        return std::string(convert(publication(kind, "7", event), rule, "message")->event());
    };
    for (const auto rule : {BodyRule::same, BodyRule::json, BodyRule::text, BodyRule::envelope}) {
        for (const auto kind : {BodyKind::text, BodyKind::json}) {
            EXPECT_EQ(event_of(rule, kind, ""), "message");
            EXPECT_EQ(event_of(rule, kind, "rang"), "rang");
        }
    }
    EXPECT_EQ(converted(BodyRule::same, BodyKind::binary, "7", "", "message"), "binary 7");
}

TEST(Body, changes_and_everything_else_stays) {
    const auto here = Publication::make({.body_kind = BodyKind::json,
                                         .event = "rang",
                                         .member = "ann",
                                         .body = "7",
                                         .origin = {1},
                                         .exclude = {2},
                                         .passing = true});
    for (const auto rule : {BodyRule::text, BodyRule::envelope}) {
        const auto there = convert(here, rule, "message");
        EXPECT_EQ(there->kind(), hub::Kind::message);
        EXPECT_EQ(there->event(), "rang");
        EXPECT_EQ(there->member(), "ann");
        EXPECT_EQ(there->origin(), hub::SessionId{1});
        EXPECT_EQ(there->exclude(), hub::SessionId{2});
        EXPECT_TRUE(there->passing());
    }
    EXPECT_FALSE(convert(publication(BodyKind::json, "7"), BodyRule::text, {})->passing());
}

}  // namespace
}  // namespace carillon::bridge
