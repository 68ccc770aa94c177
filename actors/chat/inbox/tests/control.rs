//! A Control that writes down what it is asked for.

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::time;

use crate::chat::inbox::tests::doubles::World;
use keeper_domain::chat::talk::{Action, Control, Person, TalkTopic};

impl World {
    async fn control(&self, what: String) -> String {
        let (panics, slow, words) = self.plan(&what);
        self.note(what);
        assert!(!panics, "planned");
        time::sleep(slow).await;
        words
    }
}

#[async_trait]
impl Control for World {
    async fn tell(&self, topic: TalkTopic) -> String {
        self.control(format!("tell {topic:?}")).await
    }

    async fn act(&self, action: Action, by: &Person) -> String {
        self.control(format!("act {action:?} by {}", by.id)).await
    }

    async fn beforehand(&self, action: &Action) -> Option<String> {
        matches!(action, Action::Halt { bot: None }).then(|| "+50 NSE:TCS-EQ waits.".to_owned())
    }

    async fn redeem(&self, pasted: SecretString, by: &Person) -> String {
        assert!(pasted.expose_secret().contains("eyJ"));
        self.control(format!("redeem by {}", by.id)).await
    }

    async fn stranger(&self, user: i64) {
        self.control(format!("stranger {user}")).await;
    }

    async fn second_poller(&self) {
        self.control("second poller".to_owned()).await;
    }
}
