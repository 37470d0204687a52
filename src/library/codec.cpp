#include "carillon/codec.h"

namespace carillon {
namespace {

Result<void> within(std::string_view body, const DecodeLimits& limits) {
    if (body.size() <= limits.bytes_max) return {};
    return Error{ErrorKind::too_large,
                 "the message has more bytes than " + std::to_string(limits.bytes_max)};
}

}  // namespace

Result<std::string> convert(std::string_view body, Encoding from, Encoding to,
                            const DecodeLimits& limits) {
    if (auto fits = within(body, limits); !fits) return std::move(fits).error();
    const bool as_it_is = from == to || (from == Encoding::json && to == Encoding::text);
    if (as_it_is) return std::string(body);
    if (from == Encoding::text) return encode(std::string(body), to);
    auto value = decode<Value>(body, from, limits);
    if (!value) return std::move(value).error();
    return encode(*value, to);
}

namespace detail {

Result<void> decode_raw(std::string_view body, Encoding encoding, const DecodeLimits& limits,
                        Raw& out) {
    auto fits = within(body, limits);
    if (fits) out = {encoding, std::string(body)};
    return fits;
}

Result<void> decode_text(std::string_view body, const DecodeLimits& limits, std::string& out) {
    auto fits = within(body, limits);
    if (fits) out.assign(body);
    return fits;
}

}  // namespace detail
}  // namespace carillon
