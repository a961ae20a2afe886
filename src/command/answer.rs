use crate::failure::Failure;
use crate::ui;

/// What a person says to a question; None where there is nobody to ask.
pub(super) async fn answer(question: String) -> Result<Option<bool>, Failure> {
    if !ui::can_ask() {
        return Ok(None);
    }
    let answer = tokio::task::spawn_blocking(move || ui::confirm(&question)).await;
    answer.map_err(std::io::Error::other).flatten().map(Some).map_err(Failure::Output)
}
