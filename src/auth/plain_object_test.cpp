#include "auth/plain_object.h"

#include <gtest/gtest.h>

#include "json/testing.h"

namespace carillon::auth {
namespace {

using json::testing::padded;

TEST(PlainObject, gives_the_members_as_they_were_written) {
    const std::string text = R"({"sub":"alice","exp":-12,"channels":["a","b",0],"none":[]})";
    std::array<json::Member, 3> wanted{{{"channels"}, {"sub"}, {"absent"}}};
    std::array<json::Member, 2> more{{{"exp"}, {"none"}}};
    ASSERT_TRUE(read_plain_object(text, wanted, more));
    EXPECT_EQ(wanted[0].text, R"(["a","b",0])");
    EXPECT_EQ(wanted[1].text, R"("alice")");
    EXPECT_EQ(wanted[2].text, "");
    EXPECT_EQ(more[0].text, "-12");
    EXPECT_EQ(more[1].text, "[]");
}

TEST(PlainObject, lets_the_last_of_two_members_count) {
    std::array<json::Member, 1> wanted{{{"a"}}};
    const std::string text = R"({"a":1,"b":2,"a":3})";
    ASSERT_TRUE(read_plain_object(text, wanted));
    EXPECT_EQ(wanted[0].text, "3");
}

TEST(PlainObject, reads_what_has_no_members) { EXPECT_TRUE(read_plain_object("{}", {})); }

TEST(PlainObject, leaves_to_others_what_is_json_but_not_plain) {
    for (const std::string_view text :
         {R"({ "a":1})", R"({"a":1} )", R"({"a":1.5})", R"({"a":1e5})", R"({"a":true})",
          R"({"a":null})", R"({"a":{}})", R"({"a":[[]]})", R"({"a":"\n"})", R"({"\u0061":1})",
          "{\"a\":\"\xc3\xa9\"}"}) {
        EXPECT_FALSE(read_plain_object(std::string(text), {})) << text;
        EXPECT_TRUE(json::read_object(padded(text), {}).has_value()) << text;
    }
}

TEST(PlainObject, never_takes_what_is_no_json) {
    for (const std::string_view text : {"",
                                        "{",
                                        "}",
                                        "{]",
                                        "[]",
                                        "1",
                                        R"("a")",
                                        R"({"a"})",
                                        R"({"a":})",
                                        R"({"a":1,})",
                                        R"({,"a":1})",
                                        R"({"a":01})",
                                        R"({"a":-})",
                                        R"({"a":-a})",
                                        R"({"a":1 2})",
                                        R"({"a":[1,]})",
                                        R"({"a":[,1]})",
                                        R"({"a":[1})",
                                        R"({"a":"b})",
                                        R"({"a:1})",
                                        R"({a:1})",
                                        R"({"a":1}})",
                                        R"({"a":1}{})",
                                        R"({"a":+1})",
                                        R"({"a""b"})",
                                        "{\"a\":\"\n\"}"}) {
        EXPECT_FALSE(read_plain_object(std::string(text), {})) << text;
        EXPECT_FALSE(json::read_object(padded(text), {}).has_value()) << text;
    }
    EXPECT_FALSE(read_plain_object(std::string("{}\0", 3), {}));
    EXPECT_FALSE(read_plain_object(std::string("{\"a\":\"\0\"}", 9), {}));
}

}  // namespace
}  // namespace carillon::auth
