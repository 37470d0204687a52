// library/make_publication.h: from a message of the user's to a publication of the hub's.
#pragma once

#include "carillon/detail/core.h"
#include "hub/publication.h"

namespace carillon::detail {

// What the headers know as const void*.
inline const hub::Publication& as_publication(const void* publication) {
    return *static_cast<const hub::Publication*>(publication);
}

hub::PublicationRef make_publication(const Outgoing& message);
// The same publication with another message: whose it is and whom it excludes stays.
Keep replacement(const void* publication, const Outgoing& message);

}  // namespace carillon::detail
