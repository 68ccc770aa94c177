//! Answers that several routes give.

use actix_web::HttpResponse;

/// The actors have not answered in time.
pub(super) fn unanswered() -> HttpResponse {
    HttpResponse::ServiceUnavailable().body("the keeper did not answer in time\n")
}
