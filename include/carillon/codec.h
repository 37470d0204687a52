// carillon/codec.h: typed messages to JSON and MessagePack and back, from one description.
//
//   encode(Reading{"k1", 21.5}, Encoding::json);       // {"sensor":"k1","celsius":21.5}
//   decode<Reading>(body, Encoding::msgpack);          // Result<Reading>
//
// What travels (Message<T>), and as what:
//
//   bool                                true, false
//   integers, not char                  a number; out of the type's range: an error; 3.0 is 3
//   float, double                       a number; JSON says no infinity or NaN: an error
//   std::string                         a string. Text, i.e. UTF-8: an error where it is not
//   Bytes                               MessagePack: bin; JSON: a string in base64
//   CARILLON_DESCRIBE_ENUM              its enumerator's name
//   CARILLON_DESCRIBE                   an object
//   std::vector, list, deque, array     an array; of std::array, exactly that many
//   std::map, unordered_map of string   an object
//   std::optional                       the value; empty: absent in an object, elsewhere null
//   std::variant of described structs   {"type": "Circle", ...the members of Circle}
//   Value                               anything (value.h); a bin is its base64 string
//   Raw                                 itself, as the whole message only
//
// Receivers are tolerant so that senders can change first: unknown members are skipped, though
// their content must be well-formed and within the limits; an absent or null std::optional is
// empty; an absent member of another type is an error, whatever its default. Of two members with
// one name the last counts.
// MessagePack's extension types (timestamps too) and names that are no strings are skipped where
// they are unknown and an error where they are asked for. Behind the message nothing may follow.
//
// Errors are ErrorKind::invalid and name the place as a JSON pointer,
// "/readings/3/celsius: expected a number, found a string", or ErrorKind::too_large (DecodeLimits).
// A body that is no JSON or MessagePack at all is wrong as a whole and has no path.
//
// A type may have a say: `bool validate(const T&)`, or one that returns the reason as a string,
// empty when all is well, in the namespace of T. decode() asks it for every described object in the
// message, the inner ones first; check() asks the same of a value of yours. What it throws is its
// reason.
//
// Memory while reading: the result, 16 bytes per value and name, and for JSON about 15 times the
// body. A result is as large as your type makes it: a one-byte {} may become a large struct of
// optionals, items_max times; lower DecodeLimits where strangers send. Of the working room, up to
// 256 KiB stay with the thread for its next message.
//
// Any thread may call anything here, and also from inside a validate().
#pragma once

#include "carillon/detail/type.h"

namespace carillon {

// A body as it came or is to go. Encoded into its own encoding it is itself, unread; into another
// it is converted, see convert().
struct Raw {
    Encoding encoding = Encoding::text;
    std::string body{};

    friend bool operator==(const Raw&, const Raw&) = default;
};

template <class T>
concept Message = std::semiregular<T> && (std::same_as<T, Raw> || detail::Mapped<T>);

// What `publish("t", "text")` publishes: texts are std::string, the rest is what it is.
template <class T>
using MessageOf = std::conditional_t<std::is_convertible_v<T, const char*> ||
                                         std::is_same_v<std::remove_cvref_t<T>, std::string_view>,
                                     std::string, std::remove_cvref_t<T>>;

// Encoding::text is a body that is just text: a std::string is it, verbatim; any other T is read
// from it as JSON.
template <Message T>
Result<T> decode(std::string_view body, Encoding encoding, const DecodeLimits& limits = {});

// Into Encoding::text a std::string goes verbatim, any other T as JSON. Refused: what the encoding
// cannot say, and nesting deeper than 32. Does not ask validate().
template <Message T>
Result<std::string> encode(const T& message, Encoding encoding);
inline Result<std::string> encode(const char* text, Encoding encoding) {
    return encode(std::string(text), encoding);
}

// What validate() says of it and of everything in it.
template <Message T>
Result<void> check(const T& message);

// The same message in another encoding, by way of Value. A text is a string to the other two; what
// becomes text is JSON.
CARILLON_API Result<std::string> convert(std::string_view body, Encoding from, Encoding to,
                                         const DecodeLimits& limits = {});

// From here on it is how.

namespace detail {

CARILLON_API Result<void> decode_raw(std::string_view body, Encoding encoding,
                                     const DecodeLimits& limits, Raw& out);
CARILLON_API Result<void> decode_text(std::string_view body, const DecodeLimits& limits,
                                      std::string& out);

template <Message T>
Result<void> decode_into(T& out, std::string_view body, Encoding encoding,
                         const DecodeLimits& limits) {
    if constexpr (std::is_same_v<T, Raw>) {
        return decode_raw(body, encoding, limits, out);
    } else {
        if constexpr (std::is_same_v<T, std::string>) {
            if (encoding == Encoding::text) return decode_text(body, limits, out);
        }
        Document document(body, encoding, limits);
        if (document.root() == nullptr) return std::move(document.error());
        Error error;
        if (!detail::read(error, nullptr, *document.root(), out)) return error;
        return {};
    }
}

template <Message T>
Result<void> encode_onto(std::string& out, const T& message, Encoding encoding) {
    if constexpr (std::is_same_v<T, Raw>) {
        if (message.encoding != encoding) {
            auto converted = convert(message.body, message.encoding, encoding);
            if (!converted) return std::move(converted).error();
            out += *converted;
        } else {
            out += message.body;
        }
    } else {
        if constexpr (std::is_same_v<T, std::string>) {
            if (encoding == Encoding::text) return out += message, Result<void>();
        }
        Writer writer(encoding);
        if (!detail::write(writer, nullptr, message)) return std::move(writer.error());
        out += writer.view();
    }
    return {};
}

template <Message T>
struct Functions {
    static T& of(void* value) { return *static_cast<T*>(value); }
    static const T& of(const void* value) { return *static_cast<const T*>(value); }

    static void construct(void* to) { ::new (to) T{}; }
    static void copy(void* to, const void* from) { ::new (to) T(of(from)); }
    static void move(void* to, void* from) { ::new (to) T(std::move(of(from))); }
    static void destroy(void* value) noexcept { of(value).~T(); }
    static std::size_t weight(const void* value) {
        if constexpr (std::is_same_v<T, Raw>)
            return sizeof(T) + of(value).body.size();
        else
            return sizeof(T) + detail::weight_elsewhere(of(value));
    }
    static Result<void> encode(const void* value, Encoding encoding, std::string& out) {
        return encode_onto(out, of(value), encoding);
    }
    static Result<void> decode(void* to, std::string_view body, Encoding encoding) {
        return decode_into(of(to), body, encoding, {});
    }
    static Result<void> check(const void* value) { return carillon::check(of(value)); }
};

// Visible, so that the library and a program with everything else hidden mean the same object.
template <Message T>
CARILLON_API inline constexpr Type type_object = {
    name_of<T>(),
    sizeof(T),
    alignof(T),
    &Functions<T>::construct,
    &Functions<T>::copy,
    &Functions<T>::move,
    &Functions<T>::destroy,
    &Functions<T>::weight,
    &Functions<T>::encode,
    &Functions<T>::decode,
    &Functions<T>::check,
};

template <Message T>
const Type& type_of() {
    return type_object<T>;
}

}  // namespace detail

template <Message T>
Result<T> decode(std::string_view body, Encoding encoding, const DecodeLimits& limits) {
    T message{};
    auto done = detail::decode_into(message, body, encoding, limits);
    if (!done) return std::move(done).error();
    return message;
}

template <Message T>
Result<std::string> encode(const T& message, Encoding encoding) {
    std::string body;
    auto done = detail::encode_onto(body, message, encoding);
    if (!done) return std::move(done).error();
    return body;
}

template <Message T>
Result<void> check(const T& message) {
    if constexpr (!std::same_as<T, Raw>) {
        Error error;
        if (!detail::check_all(error, nullptr, message)) return error;
    }
    return {};
}

}  // namespace carillon
