#include "server/names.h"

#include <algorithm>

namespace carillon::server {

// Damerau's distance over three rows of the table: the one being filled, the one above and the one
// above that.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> above(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(above);
        above.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({replaced, above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
    }
    return row[b.size()];
}

std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known) {
    // A third of the name may be wrong, and two letters always; a name of two letters is a guess.
    std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
    std::string_view found;
    for (const auto candidate : known) {
        const auto distance = edit_distance(name, candidate);
        if (distance < best && distance < candidate.size()) {
            best = distance;
            found = candidate;
        }
    }
    return found;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
    const auto found = nearest(name, known);
    return found.empty() ? std::string() : "; did you mean " + std::string(found) + "?";
}

}  // namespace carillon::server
