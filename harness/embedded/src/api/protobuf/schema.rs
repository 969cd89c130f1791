//! Messages: their fields by number (the `generated.proto` files of kubernetes/api and kubernetes/apimachinery).

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Text; empty is unset.
    Text,
    /// A number; 0 is unset.
    Number,
    /// A number that may be 0.
    AnyNumber,
    /// A truth; false is unset.
    Truth,
    /// Texts by text.
    Texts,
    /// Bytes by text, in JSON as base64.
    Binaries,
    /// A number or a text.
    IntOrString,
    /// A message of this name.
    Message(&'static str),
}

/// A message a line: its name, and its fields as `number:name:what`. `*` is a list; a capital is the name of another message.
const MESSAGES: &[&str] = &[
    "ObjectMeta 1:name:s 2:generateName:s 3:namespace:s 5:uid:s 6:resourceVersion:s 11:labels:m 12:annotations:m 14:finalizers:*s",
    "Namespace 1:metadata:ObjectMeta",
    "ServiceAccount 1:metadata:ObjectMeta",
    "ConfigMap 1:metadata:ObjectMeta 2:data:m 3:binaryData:y 4:immutable:b",
    "Secret 1:metadata:ObjectMeta 2:data:y 3:type:s 4:stringData:m 5:immutable:b",
    "Service 1:metadata:ObjectMeta 2:spec:ServiceSpec",
    "ServiceSpec 1:ports:*ServicePort 2:selector:m 3:clusterIP:s 4:type:s 5:externalIPs:*s 7:sessionAffinity:s 8:loadBalancerIP:s \
     10:externalName:s 11:externalTrafficPolicy:s 13:publishNotReadyAddresses:b 17:ipFamilyPolicy:s 18:clusterIPs:*s 19:ipFamilies:*s \
     22:internalTrafficPolicy:s",
    "ServicePort 1:name:s 2:protocol:s 3:port:i 4:targetPort:x 5:nodePort:i 6:appProtocol:s",
    "Deployment 1:metadata:ObjectMeta 2:spec:DeploymentSpec",
    "DeploymentSpec 1:replicas:I 2:selector:LabelSelector 3:template:PodTemplateSpec 5:minReadySeconds:i 6:revisionHistoryLimit:I 7:paused:b",
    "LabelSelector 1:matchLabels:m",
    "PodTemplateSpec 1:metadata:ObjectMeta 2:spec:PodSpec",
    "Pod 1:metadata:ObjectMeta 2:spec:PodSpec",
    "PodSpec 2:containers:*Container 3:restartPolicy:s 4:terminationGracePeriodSeconds:I 6:dnsPolicy:s 7:nodeSelector:m \
     8:serviceAccountName:s 9:serviceAccount:s 10:nodeName:s",
    "Container 1:name:s 2:image:s 3:command:*s 4:args:*s 5:workingDir:s 6:ports:*ContainerPort 7:env:*EnvVar 14:imagePullPolicy:s \
     16:stdin:b 17:stdinOnce:b 18:tty:b",
    "ContainerPort 1:name:s 2:hostPort:i 3:containerPort:i 4:protocol:s 5:hostIP:s",
    "EnvVar 1:name:s 2:value:s",
    "Role 1:metadata:ObjectMeta 2:rules:*PolicyRule",
    "ClusterRole 1:metadata:ObjectMeta 2:rules:*PolicyRule",
    "PolicyRule 1:verbs:*s 2:apiGroups:*s 3:resources:*s 4:resourceNames:*s 5:nonResourceURLs:*s",
    "RoleBinding 1:metadata:ObjectMeta 2:subjects:*Subject 3:roleRef:RoleRef",
    "ClusterRoleBinding 1:metadata:ObjectMeta 2:subjects:*Subject 3:roleRef:RoleRef",
    "Subject 1:kind:s 2:apiGroup:s 3:name:s 4:namespace:s",
    "RoleRef 1:apiGroup:s 2:kind:s 3:name:s",
    "SelfSubjectAccessReview 1:metadata:ObjectMeta 2:spec:SelfSubjectAccessReviewSpec",
    "SelfSubjectAccessReviewSpec 1:resourceAttributes:ResourceAttributes 2:nonResourceAttributes:NonResourceAttributes",
    "ResourceAttributes 1:namespace:s 2:verb:s 3:group:s 4:version:s 5:resource:s 6:subresource:s 7:name:s",
    "NonResourceAttributes 1:path:s 2:verb:s",
    "SelfSubjectReview 1:metadata:ObjectMeta",
];

/// Tells whether there is a message of this name.
pub(super) fn is_known(message: &str) -> bool {
    line(message).is_some()
}

/// Finds a field of a message: its name, whether it is a list, and what it holds.
pub(super) fn field(message: &str, number: u64) -> Option<(&'static str, bool, Holds)> {
    let word = line(message)?
        .split_whitespace()
        .skip(1)
        .find(|word| word.split(':').next().and_then(|text| text.parse().ok()) == Some(number))?;
    let mut parts = word.split(':').skip(1);
    let (name, what) = (parts.next()?, parts.next()?);
    let (is_list, what) = match what.strip_prefix('*') {
        Some(what) => (true, what),
        None => (false, what),
    };
    let holds = match what {
        "s" => Holds::Text,
        "i" => Holds::Number,
        "I" => Holds::AnyNumber,
        "b" => Holds::Truth,
        "m" => Holds::Texts,
        "y" => Holds::Binaries,
        "x" => Holds::IntOrString,
        message => Holds::Message(message),
    };
    Some((name, is_list, holds))
}

fn line(message: &str) -> Option<&'static str> {
    MESSAGES.iter().copied().find(|line| line.split(' ').next() == Some(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_a_field_names_is_there() {
        for line in MESSAGES {
            let message = line.split(' ').next().unwrap_or_default();
            let numbers = (1..30).filter_map(|number| field(message, number));
            for (name, _, holds) in numbers {
                if let Holds::Message(other) = holds {
                    assert!(is_known(other), "{message}.{name} is a {other}");
                }
            }
        }
    }
}
