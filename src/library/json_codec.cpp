#include "library/json_codec.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <charconv>

namespace carillon::library {
namespace {

namespace dom = simdjson::dom;
using detail::Kind;
using detail::Node;

static_assert(base::Buffer::padding >= simdjson::SIMDJSON_PADDING);

Error too_large(std::string_view limit) {
    return {ErrorKind::too_large, "the message has more " + std::string(limit)};
}

Error error_of(simdjson::error_code code) {
    const bool large = code == simdjson::DEPTH_ERROR || code == simdjson::CAPACITY;
    return {large ? ErrorKind::too_large : ErrorKind::invalid,
            std::string("not JSON that can be read: ") + simdjson::error_message(code)};
}

// What simdjson has parsed, once more and flat. Recursion goes as deep as the limit.
class Flattening {
 public:
    Flattening(const DecodeLimits& limits, std::vector<Node>& nodes)
        : limits_(limits), nodes_(nodes) {}

    Result<void> run(dom::element root) {
        add(root, 0);
        if (too_deep_) return too_large("levels than " + std::to_string(limits_.depth_max));
        if (too_many_) return too_large("items than " + std::to_string(limits_.items_max));
        return {};
    }

 private:
    bool add(dom::element element, std::size_t depth) {
        switch (element.type()) {
            case dom::element_type::ARRAY:
                return add(element.get_array().value_unsafe(), depth + 1);
            case dom::element_type::OBJECT:
                return add(element.get_object().value_unsafe(), depth + 1);
            case dom::element_type::INT64:
                return push(Kind::integer,
                            [&](Node& node) { node.integer = element.get_int64().value_unsafe(); });
            case dom::element_type::UINT64:
                return push(Kind::unsigned_integer, [&](Node& node) {
                    node.unsigned_integer = element.get_uint64().value_unsafe();
                });
            case dom::element_type::DOUBLE:
                return push(Kind::real,
                            [&](Node& node) { node.real = element.get_double().value_unsafe(); });
            case dom::element_type::STRING:
                return add(element.get_string().value_unsafe());
            case dom::element_type::BOOL:
                return push(Kind::boolean,
                            [&](Node& node) { node.boolean = element.get_bool().value_unsafe(); });
            case dom::element_type::NULL_VALUE:
                break;
        }
        return push(Kind::null, [](Node&) {});
    }

    bool add(std::string_view text) {
        return push(Kind::string, [&](Node& node) {
            node.bytes = text.data();
            node.size = static_cast<std::uint32_t>(text.size());
        });
    }

    bool add(dom::array array, std::size_t depth) {
        const auto head = nodes_.size();
        if (!enter(Kind::array, depth)) return false;
        std::uint32_t size = 0;
        for (const auto element : array) {
            if (!add(element, depth)) return false;
            ++size;
        }
        return leave(head, size);
    }

    bool add(dom::object object, std::size_t depth) {
        const auto head = nodes_.size();
        if (!enter(Kind::object, depth)) return false;
        std::uint32_t size = 0;
        for (const auto field : object) {
            if (!add(field.key) || !add(field.value, depth)) return false;
            ++size;
        }
        return leave(head, size);
    }

    bool enter(Kind kind, std::size_t depth) {
        too_deep_ = depth > limits_.depth_max;
        return !too_deep_ && push(kind, [](Node&) {});
    }
    bool leave(std::size_t head, std::uint32_t size) {
        nodes_[head].size = size;
        nodes_[head].span = nodes_.size() - head;
        return true;
    }

    template <class Fill>
    bool push(Kind kind, Fill fill) {
        too_many_ = nodes_.size() >= limits_.items_max;
        if (too_many_) return false;
        auto& node = nodes_.emplace_back();
        node.kind = kind;
        fill(node);
        return true;
    }

    const DecodeLimits& limits_;
    std::vector<Node>& nodes_;
    bool too_deep_ = false;
    bool too_many_ = false;
};

template <class Number>
void append_integer(Number number, base::Buffer& out) {
    char* const begin = out.prepare(20);
    out.commit(static_cast<std::size_t>(std::to_chars(begin, begin + 20, number).ptr - begin));
}

template <class Number>
void append_real(Number number, base::Buffer& out) {
    constexpr std::size_t most = 32;
    char* const begin = out.prepare(most + 2);
    char* end = std::to_chars(begin, begin + most, number).ptr;
    const bool looks_whole =
        std::all_of(begin, end, [](char c) { return c == '-' || (c >= '0' && c <= '9'); });
    if (looks_whole) {
        *end++ = '.';
        *end++ = '0';
    }
    out.commit(static_cast<std::size_t>(end - begin));
}

}  // namespace

struct JsonReader::Room {
    dom::parser parser;
    base::Buffer padded;

    simdjson::error_code make_room(std::size_t size) {
        if (parser.capacity() >= size) return simdjson::SUCCESS;
        // Doubling: messages that grow byte by byte must not allocate one by one.
        const auto capacity = std::bit_ceil(std::max<std::size_t>(size, 1024));
        if (const auto error = parser.allocate(capacity)) return error;
        return parser.doc.allocate(capacity);
    }
};

JsonReader::JsonReader() : room_(std::make_unique<Room>()) {}
JsonReader::~JsonReader() = default;

Result<void> JsonReader::read(std::string_view body, const DecodeLimits& limits,
                              std::vector<Node>& nodes) {
    auto& [parser, padded] = *room_;
    if (const auto error = room_->make_room(body.size())) return error_of(error);
    padded.clear();
    // One more: an empty body has padding too. It is readable in any case; filled, it is no
    // uninitialised memory to a checker.
    padded.prepare(body.size() + 1);
    padded.append(body);
    std::fill_n(padded.data() + body.size(), base::Buffer::padding, ' ');
    dom::element root;
    if (const auto error = parser.parse(padded.data(), padded.size(), false).get(root)) {
        return error_of(error);
    }
    return Flattening(limits, nodes).run(root);
}

std::size_t JsonReader::bytes() const {
    // Its tape takes 8, its index 4, its strings 1 2/3, and our copy one for each byte.
    return room_->parser.capacity() * 14 + room_->padded.capacity();
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text); }

void append_json(double number, base::Buffer& out) { append_real(number, out); }
void append_json(float number, base::Buffer& out) { append_real(number, out); }
void append_json(std::int64_t number, base::Buffer& out) { append_integer(number, out); }
void append_json(std::uint64_t number, base::Buffer& out) { append_integer(number, out); }

std::string repaired(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        std::size_t size = 1;
        while (size <= std::min<std::size_t>(4, text.size()) && !is_utf8(text.substr(0, size))) {
            ++size;
        }
        const bool whole = size <= std::min<std::size_t>(4, text.size());
        out += whole ? text.substr(0, size) : "\xef\xbf\xbd";
        text.remove_prefix(whole ? size : 1);
    }
    return out;
}

}  // namespace carillon::library
