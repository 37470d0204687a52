// bridge/body.h: what becomes of a body on its way to an app whose clients read another kind.
//
//   rule        of a text                       of JSON           of bytes
//   same        the text                        the JSON          the bytes
//   json        the JSON that it holds, else    the JSON          no form
//               the text as a JSON string
//   text        the text                        its text          no form
//   envelope    {"event": name, "data": what `json` makes of it;  no form
//               null of an empty JSON body}; the name is null where there is none
//
// JSON goes on as it was written: numbers keep their digits and objects the order of their members.
// Only the space around a value is lost.
#pragma once

#include <string_view>

#include "bridge/rule.h"
#include "hub/publication.h"

namespace carillon::bridge {

// As the other side gets it; where nothing changes, the same publication and no copy. `event` is
// its name if it has none of its own. Who spoke, and for whom it is not, stays. null: no form.
hub::PublicationRef convert(const hub::PublicationRef& publication, BodyRule rule,
                            std::string_view event);

}  // namespace carillon::bridge
