#include "json/read.h"

#include <simdjson.h>

#include <bit>

#include "json/plain.h"

namespace carillon::json {
namespace {

namespace ondemand = simdjson::ondemand;
static_assert(padding >= simdjson::SIMDJSON_PADDING);

Error malformed(simdjson::error_code error) {
    return {ErrorKind::invalid, simdjson::error_message(error)};
}

// The thread's parser for as long as one text is read. It keeps its room between texts, up to what
// a WebSocket message needs; the room for a 10 MB HTTP body is given back.
class Lease {
 public:
    Lease() = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
        if (parser_.capacity() > kept_bytes_max) parser_ = ondemand::parser();
    }

    simdjson::error_code start(std::string_view text, ondemand::document& document) {
        if (text.empty()) return simdjson::EMPTY;
        if (parser_.capacity() < text.size()) {
            // Doubling: messages that grow byte by byte must not allocate one by one.
            const auto error =
                parser_.allocate(std::bit_ceil(std::max<std::size_t>(text.size(), 4096)));
            if (error) return error;
        }
        return parser_.iterate(text.data(), text.size(), text.size() + padding).get(document);
    }

 private:
    static constexpr std::size_t kept_bytes_max = 256 * 1024;
    static ondemand::parser& parser_of_thread() {
        thread_local ondemand::parser parser;
        return parser;
    }
    ondemand::parser& parser_ = parser_of_thread();
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view without_trailing_space(std::string_view text) {
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

// number := ["-"] ( "0" | 1-9 *digit ) [ "." 1*digit ] [ ("e" | "E") ["+" | "-"] 1*digit ]
// By hand, because simdjson would refuse what does not fit 64 bits, and we only pass it on.
bool is_number(std::string_view text) {
    const auto skip_digits = [&text] {
        const auto size = text.size();
        while (!text.empty() && text.front() >= '0' && text.front() <= '9') text.remove_prefix(1);
        return text.size() < size;
    };
    if (text.starts_with('-')) text.remove_prefix(1);
    if (text.starts_with('0')) {
        text.remove_prefix(1);
    } else if (!skip_digits()) {
        return false;
    }
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (!skip_digits()) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (!skip_digits()) return false;
    }
    return text.empty();
}

simdjson::error_code validate(ondemand::value value, int depth);

simdjson::error_code validate_array(ondemand::value& value, int depth) {
    ondemand::array array;
    if (const auto error = value.get_array().get(array)) return error;
    for (auto element : array) {
        ondemand::value inner;
        if (const auto error = std::move(element).get(inner)) return error;
        if (const auto error = validate(inner, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
}

simdjson::error_code validate_object(ondemand::value& value, int depth) {
    ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    for (auto field : object) {
        if (const auto error = field.unescaped_key().error()) return error;
        ondemand::value inner;
        if (const auto error = field.value().get(inner)) return error;
        if (const auto error = validate(inner, depth + 1)) return error;
    }
    return simdjson::SUCCESS;
}

// Walks all of a value: on-demand parsing believes what it is not asked to look at.
simdjson::error_code validate(ondemand::value value, int depth) {
    if (depth > depth_max) return simdjson::DEPTH_ERROR;
    ondemand::json_type type{};
    if (const auto error = value.type().get(type)) return error;
    switch (type) {
        case ondemand::json_type::array:
            return validate_array(value, depth);
        case ondemand::json_type::object:
            return validate_object(value, depth);
        case ondemand::json_type::string:
            return value.get_string().error();
        case ondemand::json_type::boolean:
            return value.get_bool().error();
        case ondemand::json_type::number:
            return is_number(without_trailing_space(value.raw_json_token()))
                       ? simdjson::SUCCESS
                       : simdjson::NUMBER_ERROR;
        case ondemand::json_type::null:
            break;
    }
    bool null = false;
    const auto error = value.is_null().get(null);
    return error || null ? error : simdjson::N_ATOM_ERROR;
}

// The text of a value, and with it the proof that it is one.
simdjson::error_code take_text(ondemand::document& document, ondemand::value value,
                               std::string_view& text) {
    const auto token = value.raw_json_token();  // the whole of a scalar, the bracket of a container
    const bool container = token.starts_with('{') || token.starts_with('[');
    if (const auto error = validate(value, 1)) return error;
    text = token;
    if (container) {
        const char* next = nullptr;
        if (const auto error = document.current_location().get(next)) return error;
        const char* const begin = token.data();
        text = {begin, static_cast<std::size_t>(next - begin)};
    }
    text = without_trailing_space(text);
    return simdjson::SUCCESS;
}

simdjson::error_code expect_end(ondemand::document& document) {
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end ? simdjson::SUCCESS : simdjson::TRAILING_CONTENT;
}

simdjson::error_code read_members(Lease& lease, std::string_view text, std::span<Member> wanted) {
    ondemand::document document;
    if (const auto error = lease.start(text, document)) return error;
    ondemand::object object;
    if (const auto error = document.get_object().get(object)) return error;
    for (auto field : object) {
        std::string_view key;
        if (const auto error = field.unescaped_key().get(key)) return error;
        ondemand::value value;
        if (const auto error = field.value().get(value)) return error;
        std::string_view member;
        if (const auto error = take_text(document, value, member)) return error;
        for (auto& [name, found] : wanted) {
            if (name == key) found = member;
        }
    }
    return expect_end(document);
}

simdjson::error_code read_slices(Lease& lease, std::string_view text, std::size_t elements_max,
                                 std::vector<std::string_view>& slices) {
    ondemand::document document;
    if (const auto error = lease.start(text, document)) return error;
    ondemand::array array;
    if (const auto error = document.get_array().get(array)) return error;
    for (auto element : array) {
        if (slices.size() == elements_max) return simdjson::SUCCESS;
        ondemand::value value;
        if (const auto error = std::move(element).get(value)) return error;
        std::string_view slice;
        if (const auto error = take_text(document, value, slice)) return error;
        slices.push_back(slice);
    }
    return expect_end(document);
}

simdjson::error_code read_elements(Lease& lease, std::string_view text,
                                   std::vector<std::string>& strings) {
    ondemand::document document;
    if (const auto error = lease.start(text, document)) return error;
    ondemand::array array;
    if (const auto error = document.get_array().get(array)) return error;
    for (auto element : array) {
        std::string_view string;
        if (const auto error = std::move(element).get_string().get(string)) return error;
        strings.emplace_back(string);
    }
    return expect_end(document);
}

}  // namespace

Result<void> read_object(std::string_view text, std::span<Member> wanted) {
    if (read_plain_object(text, wanted)) return {};
    for (auto& member : wanted) member.text = {};  // what was found before it was not plain
    Lease lease;
    if (const auto error = read_members(lease, text, wanted)) return malformed(error);
    return {};
}

Result<std::vector<std::string>> read_strings(std::string_view text) {
    Lease lease;
    std::vector<std::string> strings;
    if (const auto error = read_elements(lease, text, strings)) return malformed(error);
    return strings;
}

Result<std::vector<std::string_view>> read_array(std::string_view text, std::size_t elements_max) {
    Lease lease;
    std::vector<std::string_view> slices;
    if (const auto error = read_slices(lease, text, elements_max, slices)) return malformed(error);
    return slices;
}

Result<std::string> decode_string(std::string_view value) {
    if (value.size() < 2 || !is_string(value)) return malformed(simdjson::INCORRECT_TYPE);
    // Nothing to decode in most: the slice was validated when it was cut.
    if (value.find('\\') == std::string_view::npos) {
        return std::string(value.substr(1, value.size() - 2));
    }
    Lease lease;
    ondemand::document document;
    if (const auto error = lease.start(value, document)) return malformed(error);
    std::string_view string;
    if (const auto error = document.get_string().get(string)) return malformed(error);
    return std::string(string);
}

std::string compact(std::string_view value) {
    std::string text(value.size(), '\0');
    std::size_t size = 0;
    if (simdjson::minify(value.data(), value.size(), text.data(), size)) return std::string(value);
    text.resize(size);
    return text;
}

}  // namespace carillon::json
