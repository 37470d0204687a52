#include "json/plain.h"

#include <gtest/gtest.h>

#include "json/testing.h"

namespace carillon::json {
namespace {

using testing::padded;

TEST(PlainObject, gives_the_members_as_they_were_written) {
    const std::string text = R"({"sub":"alice","exp":-12,"channels":["a","b",0],"none":[]})";
    std::array<Member, 3> wanted{{{"channels"}, {"sub"}, {"absent"}}};
    std::array<Member, 2> more{{{"exp"}, {"none"}}};
    ASSERT_TRUE(read_plain_object(text, wanted, more));
    EXPECT_EQ(wanted[0].text, R"(["a","b",0])");
    EXPECT_EQ(wanted[1].text, R"("alice")");
    EXPECT_EQ(wanted[2].text, "");
    EXPECT_EQ(more[0].text, "-12");
    EXPECT_EQ(more[1].text, "[]");
}

TEST(PlainObject, knows_what_is_nested_and_where_it_ends) {
    const std::string text =
        R"({"a":{"b":[{"c":"d"},1.50,-0],"e":{}},"f":true,"g":false,"h":null,"i":[[[[[[[]]]]]]]})";
    std::array<Member, 4> wanted{{{"a"}, {"h"}, {"i"}, {"b"}}};
    ASSERT_TRUE(read_plain_object(text, wanted));
    EXPECT_EQ(wanted[0].text, R"({"b":[{"c":"d"},1.50,-0],"e":{}})");
    EXPECT_EQ(wanted[1].text, "null");
    EXPECT_EQ(wanted[2].text, "[[[[[[[]]]]]]]");
    EXPECT_EQ(wanted[3].text, "");
}

TEST(PlainObject, found_half_way_leaves_nothing_of_it_behind) {
    std::array<Member, 1> wanted{{{"a"}}};
    EXPECT_FALSE(read_object(padded(R"({"a":1,"b":"\n)"), wanted).has_value());
    EXPECT_EQ(wanted[0].text, "");
}

TEST(PlainObject, lets_the_last_of_two_members_count) {
    std::array<Member, 1> wanted{{{"a"}}};
    const std::string text = R"({"a":1,"b":2,"a":3})";
    ASSERT_TRUE(read_plain_object(text, wanted));
    EXPECT_EQ(wanted[0].text, "3");
}

TEST(PlainObject, reads_what_has_no_members) { EXPECT_TRUE(read_plain_object("{}", {})); }

TEST(PlainObject, leaves_to_others_what_is_json_but_not_plain) {
    for (const std::string_view text :
         {R"({ "a":1})", R"({"a":1} )", R"({"a":1e5})", R"({"a":"\n"})",
          R"({"a":[[[[[[[[]]]]]]]]})", R"({"a":[1, 2]})", R"({"\u0061":1})",
          "{\"a\":\"\xc3\xa9\"}"}) {
        EXPECT_FALSE(read_plain_object(std::string(text), {})) << text;
        EXPECT_TRUE(read_object(padded(text), {}).has_value()) << text;
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
                                        R"({"a":tru})",
                                        R"({"a":nullx})",
                                        R"({"a":1.})",
                                        R"({"a":.5})",
                                        R"({"a":{"b"}})",
                                        R"({"a":{"b":1})",
                                        R"({"a":{b:1}})",
                                        R"({"a":[}])",
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
        EXPECT_FALSE(read_object(padded(text), {}).has_value()) << text;
    }
    EXPECT_FALSE(read_plain_object(std::string("{}\0", 3), {}));
    EXPECT_FALSE(read_plain_object(std::string("{\"a\":\"\0\"}", 9), {}));
}

}  // namespace
}  // namespace carillon::json
