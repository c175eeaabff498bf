# SPDX-License-Identifier: Apache-2.0
"""Resource types that templates may name and whose service is not here."""

from __future__ import annotations

from collections.abc import Mapping

SERVICES: Mapping[str, str] = {
    "volumes": """
        OS::Cinder::EncryptedVolumeType OS::Cinder::QoSAssociation OS::Cinder::QoSSpecs OS::Cinder::Quota
        OS::Cinder::Volume OS::Cinder::VolumeAttachment OS::Cinder::VolumeType
    """,
    "signals": """
        OS::Heat::SwiftSignal OS::Heat::SwiftSignalHandle OS::Heat::UpdateWaitConditionHandle
        OS::Heat::WaitCondition OS::Heat::WaitConditionHandle
    """,
    "groups": """
        OS::Heat::AutoScalingGroup OS::Heat::InstanceGroup OS::Heat::ScalingPolicy OS::Heat::HARestarter
        OS::Senlin::Cluster OS::Senlin::Node OS::Senlin::Policy OS::Senlin::Profile OS::Senlin::Receiver
    """,
    "software deployments": """
        OS::Heat::DeployedServer OS::Heat::SoftwareComponent OS::Heat::SoftwareDeployment
        OS::Heat::SoftwareDeploymentGroup OS::Heat::SoftwareDeployments OS::Heat::StructuredDeployment
        OS::Heat::StructuredDeploymentGroup OS::Heat::StructuredDeployments
    """,
    "load balancers": """
        OS::Neutron::HealthMonitor OS::Neutron::LBaaS::HealthMonitor OS::Neutron::LBaaS::L7Policy
        OS::Neutron::LBaaS::L7Rule OS::Neutron::LBaaS::Listener OS::Neutron::LBaaS::LoadBalancer
        OS::Neutron::LBaaS::Pool OS::Neutron::LBaaS::PoolMember OS::Neutron::LoadBalancer OS::Neutron::Pool
        OS::Neutron::PoolMember OS::Octavia::AvailabilityZone OS::Octavia::AvailabilityZoneProfile
        OS::Octavia::Flavor OS::Octavia::FlavorProfile OS::Octavia::HealthMonitor OS::Octavia::L7Policy
        OS::Octavia::L7Rule OS::Octavia::Listener OS::Octavia::LoadBalancer OS::Octavia::Pool
        OS::Octavia::PoolMember OS::Octavia::Quota
    """,
    "identity": """
        OS::Heat::AccessPolicy OS::Keystone::Domain OS::Keystone::Endpoint OS::Keystone::Group
        OS::Keystone::GroupRoleAssignment OS::Keystone::Project OS::Keystone::Region OS::Keystone::Role
        OS::Keystone::Service OS::Keystone::User OS::Keystone::UserRoleAssignment
    """,
    "object storage": "OS::Swift::Container",
    "alarms": """
        OS::Aodh::Alarm OS::Aodh::CombinationAlarm OS::Aodh::CompositeAlarm OS::Aodh::EventAlarm
        OS::Aodh::GnocchiAggregationByMetricsAlarm OS::Aodh::GnocchiAggregationByResourcesAlarm
        OS::Aodh::GnocchiResourcesAlarm OS::Aodh::LBMemberHealthAlarm OS::Aodh::PrometheusAlarm
        OS::Ceilometer::Alarm OS::Ceilometer::CombinationAlarm
        OS::Ceilometer::GnocchiAggregationByMetricsAlarm OS::Ceilometer::GnocchiAggregationByResourcesAlarm
        OS::Ceilometer::GnocchiResourcesAlarm OS::Heat::CWLiteAlarm OS::Metering::Alarm
        OS::Monasca::AlarmDefinition OS::Monasca::Notification
    """,
    "trunk ports": "OS::Neutron::Trunk",
    "images": "OS::Glance::Image OS::Glance::WebImage",
    "host aggregates": "OS::Nova::HostAggregate",
    "quotas": "OS::Neutron::Quota OS::Nova::Quota",
    "routes": "OS::Neutron::ExtraRoute OS::Neutron::ExtraRouteSet",
    "port forwarding": "OS::Neutron::FloatingIPPortForward",
    "subnet pools": "OS::Neutron::AddressScope OS::Neutron::SubnetPool",
    "segments": "OS::Neutron::Segment",
    "QoS": """
        OS::Neutron::QoSBandwidthLimitRule OS::Neutron::QoSDscpMarkingRule OS::Neutron::QoSMinimumBandwidthRule
        OS::Neutron::QoSMinimumPacketRateRule OS::Neutron::QoSPolicy
    """,
    "shared networks": "OS::Neutron::RBACPolicy",
    "network metering": "OS::Neutron::MeteringLabel OS::Neutron::MeteringRule",
    "firewalls": """
        OS::Neutron::Firewall OS::Neutron::FirewallPolicy OS::Neutron::FirewallRule
        OS::Neutron::FirewallGroup
    """,
    "VPN": """
        OS::Neutron::IKEPolicy OS::Neutron::IPsecPolicy OS::Neutron::IPsecSiteConnection OS::Neutron::VPNService
    """,
    "BGP": "OS::Neutron::BGPVPN OS::Neutron::BGPVPN-NET-ASSOC OS::Neutron::BGPVPN-ROUTER-ASSOC",
    "service chaining": """
        OS::Neutron::FlowClassifier OS::Neutron::PortChain OS::Neutron::PortPair OS::Neutron::PortPairGroup
        OS::Neutron::TaaS::TapFlow OS::Neutron::TaaS::TapService
    """,
    "network gateways": """
        OS::Neutron::L2Gateway OS::Neutron::L2GatewayConnection OS::Neutron::NetworkGateway
    """,
    "DNS": "OS::Designate::Domain OS::Designate::Record OS::Designate::RecordSet OS::Designate::Zone",
    "workflows": "OS::Mistral::CronTrigger OS::Mistral::ExternalResource OS::Mistral::Workflow",
    "container clusters": """
        OS::Magnum::Bay OS::Magnum::BayModel OS::Magnum::Cluster OS::Magnum::ClusterTemplate
        OS::Magnum::NodeGroup
    """,
    "containers": "OS::Zun::Container DockerInc::Docker::Container",
    "messages": """
        OS::Zaqar::MistralTrigger OS::Zaqar::Queue OS::Zaqar::SignedQueueURL OS::Zaqar::Subscription
    """,
    "secrets": """
        OS::Barbican::CertificateContainer OS::Barbican::GenericContainer OS::Barbican::Order
        OS::Barbican::RSAContainer OS::Barbican::Secret
    """,
    "shared file systems": """
        OS::Manila::SecurityService OS::Manila::Share OS::Manila::ShareNetwork OS::Manila::ShareType
    """,
    "databases": "OS::Trove::Cluster OS::Trove::Instance",
    "data processing": """
        OS::Sahara::Cluster OS::Sahara::ClusterTemplate OS::Sahara::DataSource OS::Sahara::ImageRegistry
        OS::Sahara::Job OS::Sahara::JobBinary OS::Sahara::NodeGroupTemplate
    """,
    "bare metal": "OS::Ironic::Port",
    "reservations": "OS::Blazar::Host OS::Blazar::Lease",
    "root cause analysis": "OS::Vitrage::Template",
    "delays": "OS::Heat::Delay",
    "CloudFormation": """
        AWS::AutoScaling::AutoScalingGroup AWS::AutoScaling::LaunchConfiguration AWS::AutoScaling::ScalingPolicy
        AWS::CloudFormation::Stack AWS::CloudFormation::WaitCondition AWS::CloudFormation::WaitConditionHandle
        AWS::CloudWatch::Alarm AWS::EC2::EIP AWS::EC2::EIPAssociation AWS::EC2::Instance
        AWS::EC2::InternetGateway AWS::EC2::NetworkInterface AWS::EC2::RouteTable AWS::EC2::SecurityGroup
        AWS::EC2::Subnet AWS::EC2::SubnetRouteTableAssociation AWS::EC2::VPC AWS::EC2::VPCGatewayAttachment
        AWS::EC2::Volume AWS::EC2::VolumeAttachment AWS::ElasticLoadBalancing::LoadBalancer AWS::IAM::AccessKey
        AWS::IAM::User AWS::RDS::DBInstance AWS::S3::Bucket
    """,
}
"""What is missing -> the types that need it."""
MISSING: Mapping[str, str] = {name: service for service, names in SERVICES.items() for name in names.split()}
