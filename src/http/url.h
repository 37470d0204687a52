// http/url.h: the parts of a URL that are text in disguise. Pure functions; every error is the
// client's (400).
//
//   query := pair *( "&" pair )
//   pair  := key [ "=" value ]      in both, "+" is a space and %XX a byte
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace carillon::http {

// "%2F" becomes "/"; "+" stays. A "%" that two hexadecimal digits do not follow is an Error.
Result<std::string> percent_decode(std::string_view text);

// In order of arrival, doubles kept; empty pairs ("a=1&&b=2") are skipped.
using QueryParams = std::vector<std::pair<std::string, std::string>>;
Result<QueryParams> parse_query(std::string_view query);

// The first value of that key.
std::optional<std::string_view> find(const QueryParams& params, std::string_view key);

}  // namespace carillon::http
