// Any text read as an object, as an array and as a list of strings: what is taken is what
// Boost.JSON takes, slice by slice, and nothing is read beyond the promised padding.
// fuzzes: read.cpp plain.cpp
#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <memory>
#include <optional>

#include "base/assert.h"
#include "json/read.h"
#include "json/testing.h"

namespace {

using namespace carillon;
namespace boost_json = boost::json;

// Exactly the promised padding, so that a byte more is found. What stands there would continue any
// text.
class Padded {
 public:
    explicit Padded(std::string_view text)
        : bytes_(new char[text.size() + json::padding]), size_(text.size()) {
        std::copy(text.begin(), text.end(), bytes_.get());
        std::fill_n(bytes_.get() + size_, json::padding, '"');
    }
    std::string_view view() const { return {bytes_.get(), size_}; }

 private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

struct Elsewhere {
    std::optional<boost_json::value> value;
    bool doubtful;  // a number that Boost cannot hold, or a depth about which we differ by one
};

Elsewhere read_elsewhere(std::string_view text) {
    boost_json::parse_options options;
    options.max_depth = json::depth_max;
    boost::system::error_code error;
    auto value = boost_json::parse({text.data(), text.size()}, error, {}, options);
    if (!error) return {std::move(value), false};
    return {std::nullopt,
            error == boost_json::error::exponent_overflow || error == boost_json::error::too_deep};
}

void expect_same(std::string_view slice, const boost_json::value& value) {
    const auto read = read_elsewhere(slice);
    // As texts: what is no number to Boost, such as 0e999, does not equal itself.
    ASSERT(read.value && boost_json::serialize(*read.value) == boost_json::serialize(value));
    ASSERT(slice.back() > ' ');
    if (json::is_string(slice)) {
        ASSERT(json::decode_string(slice).value() == value.as_string());
    }
}

void try_object(std::string_view text, const Elsewhere& elsewhere) {
    const bool is_object = elsewhere.value && elsewhere.value->is_object();
    std::vector<json::Member> wanted{{"\n never there"}};
    if (is_object) {
        for (const auto& member : elsewhere.value->get_object()) wanted.push_back({member.key()});
    }
    const bool read = json::read_object(text, wanted).has_value();
    if (!elsewhere.doubtful) ASSERT(read == is_object);
    if (!read || !is_object) return;
    for (const auto& [key, slice] : wanted) {
        if (slice.empty()) {
            ASSERT(&key == &wanted.front().key || key == wanted.front().key);
        } else {
            expect_same(slice, elsewhere.value->get_object().at(key));
        }
    }
}

void try_array(std::string_view text, const Elsewhere& elsewhere) {
    const bool is_array = elsewhere.value && elsewhere.value->is_array();
    const auto read = json::read_array(text, text.size());
    if (!elsewhere.doubtful) ASSERT(read.has_value() == is_array);
    const auto strings = json::read_strings(text);
    if (!read.has_value()) ASSERT(!strings.has_value());
    if (!read.has_value() || !is_array) return;
    const auto& array = elsewhere.value->get_array();
    ASSERT(read.value().size() == array.size());
    for (std::size_t i = 0; i < array.size(); ++i) expect_same(read.value()[i], array[i]);
    const auto first = json::read_array(text, 1).value();
    ASSERT(first.size() == std::min<std::size_t>(1, array.size()));
    ASSERT(strings.has_value() ==
           std::ranges::all_of(array, [](const auto& element) { return element.is_string(); }));
    if (!strings.has_value()) return;
    for (std::size_t i = 0; i < array.size(); ++i) {
        ASSERT(strings.value()[i] == array[i].as_string());
    }
}

void try_compact(std::string_view text, const Elsewhere& elsewhere) {
    const auto compact = json::compact(text);
    ASSERT(compact.size() <= text.size());
    if (!elsewhere.value) return;
    const auto read = read_elsewhere(compact);
    ASSERT(read.value);
    ASSERT(boost_json::serialize(*read.value) == boost_json::serialize(*elsewhere.value));
    ASSERT(json::compact(json::testing::padded(compact)) == compact);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    const Padded text({reinterpret_cast<const char*>(data), size});
    const auto elsewhere = read_elsewhere(text.view());
    try_object(text.view(), elsewhere);
    try_array(text.view(), elsewhere);
    try_compact(text.view(), elsewhere);
    (void)json::decode_string(text.view());
    return 0;
}
