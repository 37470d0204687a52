#include "carillon/describe.h"

#include <gmock/gmock.h>

#include "carillon/codec.h"

namespace outside {

struct Empty {};
CARILLON_DESCRIBE(Empty)

struct Base {
    int id = 0;
};
CARILLON_DESCRIBE(Base, id)
struct Undescribed : Base {};
struct Derived : Base {
    std::string name;
};
CARILLON_DESCRIBE(Derived, id, name);  // a semicolon does no harm

struct Outer {
    struct Inner {
        int x = 0;
    };
    enum class Mode { on, off };
};
CARILLON_DESCRIBE(Outer::Inner, x)
CARILLON_DESCRIBE_ENUM(Outer::Mode, on, off)

enum Plain { plain_a = 7, plain_b = 9 };
CARILLON_DESCRIBE_ENUM(Plain, plain_a, plain_b)

struct Wide {
    int a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3, c4, c5, c6,
        c7, d0, d1, d2, d3, d4, d5, d6, d7, e0, e1, e2, e3, e4, e5, e6, e7, f0, f1, f2, f3, f4, f5,
        f6, f7, g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2, h3, h4, h5, h6, h7;
};
CARILLON_DESCRIBE(Wide, a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2,
                  c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7, e0, e1, e2, e3, e4, e5, e6,
                  e7, f0, f1, f2, f3, f4, f5, f6, f7, g0, g1, g2, g3, g4, g5, g6, g7, h0, h1, h2,
                  h3, h4, h5, h6, h7)

// Names that this library uses itself, greedier than ours: they must not be found.
struct Greedy {
    int n = 0;
};
CARILLON_DESCRIBE(Greedy, n)
template <class... Any>
bool read(Any&&...) {
    return false;
}
template <class... Any>
bool write(Any&&...) {
    return false;
}
template <class... Any>
bool check_all(Any&&...) {
    return false;
}
template <class... Any>
bool passes(Any&&...) {
    return false;
}
template <class... Any>
bool write_described(Any&&...) {
    return false;
}
template <class... Any>
bool read_described(Any&&...) {
    return false;
}
template <class... Any>
int decode_into(Any&&...) {
    return 0;
}
template <class... Any>
int encode_onto(Any&&...) {
    return 0;
}
template <class... Any>
std::size_t weight_elsewhere(Any&&...) {
    return 99;
}

}  // namespace outside

namespace carillon {
namespace {

using ::testing::ElementsAre;

struct Hidden {
    int x = 0;
};
CARILLON_DESCRIBE(Hidden, x)

TEST(Describe, gives_the_members_in_the_order_of_the_list) {
    constexpr auto description = detail::description<outside::Derived>;
    static_assert(description.count == 2);
    EXPECT_EQ(description.name, "Derived");
    EXPECT_THAT(description.names, ElementsAre("id", "name"));
    outside::Derived object;
    object.*std::get<1>(description.members).pointer = "x";
    object.*std::get<0>(description.members).pointer = 5;
    EXPECT_EQ(object.name, "x");
    EXPECT_EQ(object.id, 5);
}

TEST(Describe, takes_from_none_to_sixty_four_members) {
    static_assert(detail::description<outside::Empty>.count == 0);
    static_assert(detail::description<outside::Wide>.count == 64);
    EXPECT_EQ(encode(outside::Empty(), Encoding::json).value(), "{}");
    outside::Wide wide{};
    wide.a0 = 1;
    wide.h7 = 64;
    for (const auto encoding : {Encoding::json, Encoding::msgpack}) {
        const auto body = encode(wide, encoding).value();
        const auto back = decode<outside::Wide>(body, encoding);
        ASSERT_TRUE(back);
        EXPECT_EQ(back->a0, 1);
        EXPECT_EQ(back->h7, 64);
    }
}

TEST(Describe, does_not_speak_for_a_derived_type) {
    static_assert(Described<outside::Base>);
    static_assert(!Described<outside::Undescribed>);
    static_assert(!Message<outside::Undescribed>);
}

TEST(Describe, calls_an_inner_type_by_its_own_name) {
    EXPECT_EQ(detail::description<outside::Outer::Inner>.name, "Inner");
    EXPECT_EQ(detail::description<outside::Outer::Mode>.name, "Mode");
}

TEST(Describe, works_in_a_namespace_without_a_name) {
    EXPECT_EQ(encode(Hidden{3}, Encoding::json).value(), R"({"x":3})");
}

TEST(Describe, names_enumerators_of_both_kinds) {
    EXPECT_EQ(encode(outside::plain_b, Encoding::json).value(), R"("plain_b")");
    EXPECT_EQ(encode(outside::Outer::Mode::off, Encoding::json).value(), R"("off")");
    EXPECT_EQ(decode<outside::Plain>(R"("plain_a")", Encoding::json).value(), outside::plain_a);
}

TEST(Describe, is_not_confused_by_functions_beside_the_type) {
    const auto body = encode(outside::Greedy{4}, Encoding::json);
    EXPECT_EQ(body.value(), R"({"n":4})");
    EXPECT_EQ(decode<outside::Greedy>(*body, Encoding::json).value().n, 4);
    EXPECT_TRUE(check(std::vector<outside::Greedy>(2)));
    const outside::Greedy greedy;
    EXPECT_EQ(detail::type_of<outside::Greedy>().weight(&greedy), sizeof(outside::Greedy));
}

TEST(Message, is_what_travels_and_nothing_else) {
    static_assert(Message<bool> && Message<std::int8_t> && Message<std::uint64_t> &&
                  Message<float> && Message<double> && Message<std::string> && Message<Value> &&
                  Message<Bytes> && Message<Raw> && Message<outside::Plain>);
    static_assert(Message<std::optional<std::vector<std::array<outside::Base, 2>>>>);
    static_assert(!Message<char> && !Message<long double> && !Message<const char*> &&
                  !Message<int*> && !Message<std::string_view> && !Message<void>);
    static_assert(!Message<std::optional<std::optional<int>>>);
    static_assert(!Message<std::vector<Raw>>);
    static_assert(!Message<std::variant<int, std::string>>);
    static_assert(!Message<const int> && !Message<int&>);
}

TEST(Message, of_a_literal_is_a_string) {
    static_assert(std::is_same_v<MessageOf<const char(&)[5]>, std::string>);
    static_assert(std::is_same_v<MessageOf<char*>, std::string>);
    static_assert(std::is_same_v<MessageOf<std::string_view>, std::string>);
    static_assert(std::is_same_v<MessageOf<const std::string&>, std::string>);
    static_assert(std::is_same_v<MessageOf<int&>, int>);
    static_assert(std::is_same_v<MessageOf<const outside::Base&>, outside::Base>);
    EXPECT_EQ(encode("hello", Encoding::text).value(), "hello");
}

}  // namespace
}  // namespace carillon
