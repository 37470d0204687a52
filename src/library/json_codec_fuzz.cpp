// Any bytes read as JSON into many types: what is taken is what Boost.JSON takes and means the
// same, can be written again in both encodings, and reads back as the same.
// fuzzes: json_codec.cpp reading.cpp writer.cpp value.cpp document.cpp
#include <boost/json.hpp>
#include <cmath>

#include "base/assert.h"
#include "library/testing_fuzz.h"

namespace {

using namespace carillon;
using namespace carillon::library::testing;
namespace boost_json = boost::json;

bool same_number(const Value& ours, const boost_json::value& theirs) {
    const double number = ours.as_double().value();
    // Theirs is not always the nearest double, and where it is a double ours may be an integer.
    boost::system::error_code error;
    const double other = theirs.to_number<double>(error);
    if (std::isnan(other)) return number == 0;  // 0e999 is no number to it
    return !error && std::abs(number - other) <= std::abs(number) * 1e-14 + 1e-320;
}

bool same(const Value& ours, const boost_json::value& theirs) {
    if (theirs.is_number()) return ours.as_double() && same_number(ours, theirs);
    if (theirs.is_null()) return ours.is_null();
    if (theirs.is_bool()) return ours.as_bool() == theirs.as_bool();
    if (theirs.is_string()) return ours.as_string() == std::string_view(theirs.as_string());
    if (theirs.is_array()) {
        const auto& elements = theirs.as_array();
        return ours.kind() == Value::Kind::array && ours.size() == elements.size() &&
               std::equal(elements.begin(), elements.end(), ours.elements().begin(),
                          [](const auto& b, const auto& a) { return same(a, b); });
    }
    const auto& members = theirs.as_object();
    return ours.kind() == Value::Kind::object && ours.size() == members.size() &&
           std::ranges::all_of(members, [&](const auto& member) {
               const Value* const own = ours.find(std::string_view(member.key()));
               return own != nullptr && same(*own, member.value());
           });
}

void compare_with_another_reader(std::string_view text) {
    const auto ours = decode<Value>(text, Encoding::json);
    boost::system::error_code error;
    boost_json::parse_options options;
    options.max_depth = 32;
    const auto theirs = boost_json::parse({text.data(), text.size()}, error, {}, options);
    // We have no integers beyond 64 bits and no doubles beyond the largest, wherever they are; it
    // stops at the first fault of several.
    const bool doubtful = error == boost_json::error::exponent_overflow ||
                          error == boost_json::error::too_deep ||
                          (!ours && (ours.error().kind == ErrorKind::too_large ||
                                     ours.error().message.find("number") != std::string::npos));
    if (!doubtful) ASSERT(ours.has_value() == !error);
    if (ours && !error) ASSERT(same(*ours, theirs));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    compare_with_another_reader(text);
    try_all(text, carillon::Encoding::json);
    return 0;
}
