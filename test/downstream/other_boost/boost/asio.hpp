#error "a header of Carillon's includes Boost"
