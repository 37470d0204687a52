#include "library/msgpack_codec.h"

#include <bit>
#include <concepts>
#include <cstring>
#include <limits>

#include "library/json_codec.h"  // is_utf8

namespace carillon::library::msgpack {
namespace {

using detail::Kind;
using detail::Node;

template <std::unsigned_integral Number>
Number swapped(Number number) {
    if constexpr (std::endian::native == std::endian::big || sizeof(Number) == 1) return number;
    if constexpr (sizeof(Number) == 2) return __builtin_bswap16(number);
    if constexpr (sizeof(Number) == 4) return __builtin_bswap32(number);
    if constexpr (sizeof(Number) == 8) return __builtin_bswap64(number);
}

class Reading {
 public:
    Reading(std::string_view body, const DecodeLimits& limits, std::vector<Node>& nodes)
        : body_(body), limits_(limits), nodes_(nodes) {}

    Result<void> run() {
        if (!value(0)) return std::move(error_);
        if (at_ != body_.size()) return malformed("more follows the message"), std::move(error_);
        return {};
    }

 private:
    bool value(std::size_t depth) {
        std::uint8_t tag = 0;
        if (!take(tag)) return false;
        if (tag <= 0x7f) return integer(tag);
        if (tag <= 0x8f) return map(tag & 0x0f, depth + 1);
        if (tag <= 0x9f) return array(tag & 0x0f, depth + 1);
        if (tag <= 0xbf) return string(tag & 0x1f);
        if (tag >= 0xe0) return integer(static_cast<std::int8_t>(tag));
        return tagged(tag, depth);
    }

    // NOLINTNEXTLINE(readability-function-size): a flat table of the format
    bool tagged(std::uint8_t tag, std::size_t depth) {
        std::size_t size = 0;
        switch (tag) {
            case 0xc0:
                return push(Kind::null, [](Node&) {});
            case 0xc2:
            case 0xc3:
                return push(Kind::boolean, [&](Node& node) { node.boolean = tag == 0xc3; });
            case 0xc4:
                return length<std::uint8_t>(size) && bytes(Kind::binary, size);
            case 0xc5:
                return length<std::uint16_t>(size) && bytes(Kind::binary, size);
            case 0xc6:
                return length<std::uint32_t>(size) && bytes(Kind::binary, size);
            case 0xc7:
                return length<std::uint8_t>(size) && extension(size);
            case 0xc8:
                return length<std::uint16_t>(size) && extension(size);
            case 0xc9:
                return length<std::uint32_t>(size) && extension(size);
            case 0xca:
                return real<std::uint32_t, float>();
            case 0xcb:
                return real<std::uint64_t, double>();
            case 0xcc:
                return unsigned_integer<std::uint8_t>();
            case 0xcd:
                return unsigned_integer<std::uint16_t>();
            case 0xce:
                return unsigned_integer<std::uint32_t>();
            case 0xcf:
                return unsigned_integer<std::uint64_t>();
            case 0xd0:
                return signed_integer<std::uint8_t>();
            case 0xd1:
                return signed_integer<std::uint16_t>();
            case 0xd2:
                return signed_integer<std::uint32_t>();
            case 0xd3:
                return signed_integer<std::uint64_t>();
            case 0xd4:
            case 0xd5:
            case 0xd6:
            case 0xd7:
            case 0xd8:
                return extension(std::size_t{1} << (tag - 0xd4));
            case 0xd9:
                return length<std::uint8_t>(size) && string(size);
            case 0xda:
                return length<std::uint16_t>(size) && string(size);
            case 0xdb:
                return length<std::uint32_t>(size) && string(size);
            case 0xdc:
                return length<std::uint16_t>(size) && array(size, depth + 1);
            case 0xdd:
                return length<std::uint32_t>(size) && array(size, depth + 1);
            case 0xde:
                return length<std::uint16_t>(size) && map(size, depth + 1);
            case 0xdf:
                return length<std::uint32_t>(size) && map(size, depth + 1);
            default:
                return malformed("a byte that begins no value");
        }
    }

    bool array(std::size_t size, std::size_t depth) {
        const auto head = nodes_.size();
        if (!enter(Kind::array, size, size, depth)) return false;
        for (std::size_t i = 0; i < size; ++i) {
            if (!value(depth)) return false;
        }
        nodes_[head].span = nodes_.size() - head;
        return true;
    }

    bool map(std::size_t size, std::size_t depth) {
        const auto head = nodes_.size();
        if (!enter(Kind::object, size, size * 2, depth)) return false;
        for (std::size_t i = 0; i < size; ++i) {
            if (!value(depth) || !value(depth)) return false;
        }
        nodes_[head].span = nodes_.size() - head;
        return true;
    }

    // A value is a byte at least: what claims more than are left lies.
    bool enter(Kind kind, std::size_t size, std::size_t values, std::size_t depth) {
        if (depth > limits_.depth_max) return too_large("levels than ", limits_.depth_max);
        if (values > left()) return malformed("it ends within an array or map");
        if (values > limits_.items_max) return too_large("items than ", limits_.items_max);
        return push(kind, [&](Node& node) { node.size = static_cast<std::uint32_t>(size); });
    }

    bool integer(std::int64_t number) {
        return push(Kind::integer, [&](Node& node) { node.integer = number; });
    }
    template <class Number>
    bool unsigned_integer() {
        Number number = 0;
        if (!take(number)) return false;
        if (std::in_range<std::int64_t>(number)) return integer(static_cast<std::int64_t>(number));
        return push(Kind::unsigned_integer, [&](Node& node) { node.unsigned_integer = number; });
    }
    template <class Number>
    bool signed_integer() {
        Number number = 0;
        return take(number) && integer(static_cast<std::make_signed_t<Number>>(number));
    }
    template <class Number, class Real>
    bool real() {
        Number number = 0;
        return take(number) && push(Kind::real, [&](Node& node) {
                   node.real = static_cast<double>(std::bit_cast<Real>(number));
               });
    }

    bool string(std::size_t size) {
        if (size <= left() && !is_utf8(body_.substr(at_, size))) {
            return malformed("a string that is not UTF-8");
        }
        return bytes(Kind::string, size);
    }
    bool bytes(Kind kind, std::size_t size) {
        if (size > left()) return malformed("it ends within a string or binary");
        at_ += size;
        return push(kind, [&](Node& node) {
            node.bytes = body_.data() + at_ - size;
            node.size = static_cast<std::uint32_t>(size);
        });
    }
    bool extension(std::size_t size) {
        std::uint8_t type = 0;
        if (!take(type)) return false;
        if (size > left()) return malformed("it ends within an extension");
        at_ += size;
        return push(Kind::extension,
                    [&](Node& node) { node.integer = type < 0x80 ? type : type - 0x100; });
    }

    template <class Number>
    bool length(std::size_t& size) {
        Number number = 0;
        const bool taken = take(number);
        size = number;
        return taken;
    }
    template <std::unsigned_integral Number>
    bool take(Number& number) {
        if (left() < sizeof(Number)) return malformed("it ends within a value");
        std::memcpy(&number, body_.data() + at_, sizeof(Number));
        number = swapped(number);
        at_ += sizeof(Number);
        return true;
    }
    std::size_t left() const { return body_.size() - at_; }

    template <class Fill>
    bool push(Kind kind, Fill fill) {
        if (nodes_.size() >= limits_.items_max) return too_large("items than ", limits_.items_max);
        auto& node = nodes_.emplace_back();
        node.kind = kind;
        fill(node);
        return true;
    }

    bool malformed(std::string_view reason) {
        error_ = {ErrorKind::invalid, "not MessagePack that can be read: " + std::string(reason) +
                                          ", at byte " + std::to_string(at_)};
        return false;
    }
    bool too_large(std::string_view what, std::size_t limit) {
        error_ = {ErrorKind::too_large,
                  "the message has more " + std::string(what) + std::to_string(limit)};
        return false;
    }

    std::string_view body_;
    const DecodeLimits& limits_;
    std::vector<Node>& nodes_;
    std::size_t at_ = 0;
    Error error_;
};

void append_byte(std::size_t byte, base::Buffer& out) { out.append(static_cast<char>(byte)); }

template <std::unsigned_integral Number>
void append_tagged(unsigned tag, Number number, base::Buffer& out) {
    char* const to = out.prepare(1 + sizeof(Number));
    *to = static_cast<char>(tag);
    const Number big = swapped(number);
    std::memcpy(to + 1, &big, sizeof(Number));
    out.commit(1 + sizeof(Number));
}

// The 16 and 32 bit forms stand behind each other.
void append_length(unsigned tag_16, std::size_t size, base::Buffer& out) {
    if (size <= 0xffff) {
        append_tagged(tag_16, static_cast<std::uint16_t>(size), out);
    } else {
        append_tagged(tag_16 + 1, static_cast<std::uint32_t>(size), out);
    }
}

}  // namespace

Result<void> read(std::string_view body, const DecodeLimits& limits, std::vector<Node>& nodes) {
    return Reading(body, limits, nodes).run();
}

void append_nil(base::Buffer& out) { append_byte(0xc0, out); }
void append_boolean(bool boolean, base::Buffer& out) { append_byte(boolean ? 0xc3 : 0xc2, out); }

void append_integer(std::int64_t number, base::Buffer& out) {
    if (number >= 0) return append_unsigned(static_cast<std::uint64_t>(number), out);
    if (number >= -32) return append_byte(static_cast<std::uint8_t>(number), out);
    if (std::in_range<std::int8_t>(number)) {
        append_tagged(0xd0, static_cast<std::uint8_t>(number), out);
    } else if (std::in_range<std::int16_t>(number)) {
        append_tagged(0xd1, static_cast<std::uint16_t>(number), out);
    } else if (std::in_range<std::int32_t>(number)) {
        append_tagged(0xd2, static_cast<std::uint32_t>(number), out);
    } else {
        append_tagged(0xd3, static_cast<std::uint64_t>(number), out);
    }
}

void append_unsigned(std::uint64_t number, base::Buffer& out) {
    if (number <= 0x7f) return append_byte(number, out);
    if (number <= 0xff) {
        append_tagged(0xcc, static_cast<std::uint8_t>(number), out);
    } else if (number <= 0xffff) {
        append_tagged(0xcd, static_cast<std::uint16_t>(number), out);
    } else if (number <= 0xffffffff) {
        append_tagged(0xce, static_cast<std::uint32_t>(number), out);
    } else {
        append_tagged(0xcf, number, out);
    }
}

void append_real(double number, base::Buffer& out) {
    // Beyond the floats the conversion would be undefined; a NaN's payload needs all its bits.
    const bool near =
        number >= -std::numeric_limits<float>::max() && number <= std::numeric_limits<float>::max();
    if (near && static_cast<double>(static_cast<float>(number)) == number) {
        append_tagged(0xca, std::bit_cast<std::uint32_t>(static_cast<float>(number)), out);
    } else {
        append_tagged(0xcb, std::bit_cast<std::uint64_t>(number), out);
    }
}

void append_string(std::string_view text, base::Buffer& out) {
    if (text.size() <= 31) {
        append_byte(0xa0 | text.size(), out);
    } else if (text.size() <= 0xff) {
        append_tagged(0xd9, static_cast<std::uint8_t>(text.size()), out);
    } else {
        append_length(0xda, text.size(), out);
    }
    out.append(text);
}

void append_binary(std::string_view bytes, base::Buffer& out) {
    if (bytes.size() <= 0xff) {
        append_tagged(0xc4, static_cast<std::uint8_t>(bytes.size()), out);
    } else {
        append_length(0xc5, bytes.size(), out);
    }
    out.append(bytes);
}

void append_array_head(std::size_t size, base::Buffer& out) {
    if (size <= 15) return append_byte(0x90 | size, out);
    append_length(0xdc, size, out);
}

void append_map_head(std::size_t size, base::Buffer& out) {
    if (size <= 15) return append_byte(0x80 | size, out);
    append_length(0xde, size, out);
}

}  // namespace carillon::library::msgpack
